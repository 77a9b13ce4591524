using System.Text.Json;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class WanConvertCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tessera-convert-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_converted_model_is_inspected_as_complete()
    {
        string model = Path.Combine(_folder, "model");
        string small = Path.Combine(_folder, "small");
        CommandRun.Of("wan", "init", "--config", "tiny", "--output", model).Succeeded();
        JsonElement written = CommandRun.Of("wan", "convert", model, "--weights", "int8", "--output", small, "--json").Succeeded().Json;
        Assert.Equal("wan convert", written.GetProperty("command").GetString());
        Assert.Equal(5, written.GetProperty("files").GetArrayLength());
        JsonElement report = CommandRun.Of("wan", "inspect", small, "--values", "--json").Succeeded().Json;
        Assert.True(report.GetProperty("complete").GetBoolean());
        Assert.True(report.GetProperty("parts")[0].GetProperty("types").GetProperty("I8").GetInt64() > 1_000_000);
        CommandRun.Of("wan", "convert", model, "--weights", "int8", "--output", small).FailedWith(2, "not empty");
    }

    [Fact]
    public void What_cannot_be_converted_is_told()
    {
        string empty = Directory.CreateDirectory(Path.Combine(_folder, "empty")).FullName;
        CommandRun.Of("wan", "convert", empty, "--weights", "bf16", "--output", Path.Combine(_folder, "x")).FailedWith(2, "holds none of the parts");
        CommandRun.Of("wan", "convert", empty, "--weights", "int4", "--output", "x").FailedWith(1, "'int4'", "bf16, f16, f8, int8");
        CommandRun.Of("wan", "convert", Path.Combine(_folder, "none"), "--weights", "bf16", "--output", "x").FailedWith(2, "no folder");
    }
}
