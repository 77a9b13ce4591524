using System.Text.Json;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class WanInitCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tessera-init-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void AnInitialisedModelIsInspectedAsComplete()
    {
        string model = Path.Combine(_folder, "model");
        JsonElement written = CommandRun.Of("wan", "init", "--config", "tiny", "--seed", "3", "--output", model, "--json").Succeeded().Json;
        Assert.Equal("wan init", written.GetProperty("command").GetString());
        JsonElement report = CommandRun.Of("wan", "inspect", model, "--values", "--json").Succeeded().Json;
        Assert.True(report.GetProperty("complete").GetBoolean());
        Assert.Equal(
            written.GetProperty("bytes").GetInt64(),
            report.GetProperty("parts").EnumerateArray().Sum(static part => part.GetProperty("bytes") is { ValueKind: JsonValueKind.Number } bytes ? bytes.GetInt64() : 0));
        int[] ids = [.. CommandRun.WithInput("a狐\n", "wan", "tokenize", "--model", model).Succeeded().Output.Split(' ').Select(int.Parse)];
        Assert.Equal(6, ids.Length);
        Assert.Equal(1, ids[^1]);
        CommandRun.Of("wan", "init", "--config", "tiny", "--output", model).FailedWith(2, "not empty");
    }

    [Fact]
    public void PartsAndTypesAreChosen()
    {
        string model = Path.Combine(_folder, "part");
        string text = CommandRun.Of("wan", "init", "--config", "tiny", "--parts", "transformer", "--type", "f16", "--output", model).Succeeded().Output;
        Assert.Contains("MB of random weights (transformer)", text, StringComparison.Ordinal);
        Assert.Contains("F16", CommandRun.Of("wan", "inspect", model).Succeeded().Output, StringComparison.Ordinal);
        CommandRun.Of("wan", "init", "--config", "2b").FailedWith(1, "'2b'", "tiny, 1.3b, 14b");
        CommandRun.Of("wan", "init", "--config", "tiny", "--type", "int8").FailedWith(1, "'int8'", "f32, bf16, f16");
        CommandRun.Of("wan", "init", "--config", "tiny", "--parts", "unet").FailedWith(1, "'unet'", "transformer, text-encoder, vae, tokenizer");
    }
}
