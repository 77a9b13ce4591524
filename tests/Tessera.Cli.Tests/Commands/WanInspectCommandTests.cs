using System.Text.Json;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class WanInspectCommandTests
{
    private const string Original = "wan/pipeline_tiny/original";
    private const string Diffusers = "wan/pipeline_tiny/diffusers";

    [DataFact($"{Original}/config.json", isFixture: true)]
    public void BothLayoutsOfAModelAreDescribedAlike()
    {
        JsonElement original = Inspect(Original);
        JsonElement diffusers = Inspect(Diffusers);
        Assert.Equal(("original", "diffusers"), (original.GetProperty("layout").GetString(), diffusers.GetProperty("layout").GetString()));
        foreach (JsonElement report in new[] { original, diffusers })
        {
            Assert.True(report.GetProperty("complete").GetBoolean());
            Assert.Empty(report.GetProperty("missing").EnumerateArray());
            Assert.Equal(["transformer", "textEncoder", "vae", "tokenizer"], report.GetProperty("parts").EnumerateArray().Select(static part => part.GetProperty("part").GetString()));
        }

        foreach ((JsonElement first, JsonElement second) in original.GetProperty("parts").EnumerateArray().Zip(diffusers.GetProperty("parts").EnumerateArray()))
        {
            Assert.Equal(first.GetProperty("parameters").ToString(), second.GetProperty("parameters").ToString());
            Assert.Equal(first.GetProperty("types").ToString(), second.GetProperty("types").ToString());
            Assert.Equal(JsonValueKind.Null, first.GetProperty("fault").ValueKind);
        }

        string text = CommandRun.Of("wan", "inspect", Path.Combine(TestRoots.Fixtures, Original)).Succeeded().Output;
        Assert.Contains("a complete Wan2.1 model, original layout", text, StringComparison.Ordinal);
        Assert.Contains("BF16", text, StringComparison.Ordinal);
        Assert.Contains("transformer: layers 2", text, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsMissingOrDamagedIsSaidAndWhatIsNoCheckpointIsRefused()
    {
        string folder = Directory.CreateTempSubdirectory("tessera-inspect-").FullName;
        try
        {
            CommandRun.Of("wan", "inspect", folder).FailedWith(2, "holds no part of a Wan2.1 model", "the transformer's weights");
            File.WriteAllText(Path.Combine(folder, "Wan2.1_VAE.pth"), "not a file of PyTorch");
            CommandRun run = CommandRun.Of("wan", "inspect", folder);
            Assert.Equal(2, run.ExitCode);
            Assert.Contains("an incomplete Wan2.1 model", run.Output, StringComparison.Ordinal);
            Assert.Contains("fault in vae: ", run.Output, StringComparison.Ordinal);
            Assert.Contains("missing: the transformer's weights, ", run.Output, StringComparison.Ordinal);
            Assert.StartsWith("error: the vae cannot be used: ", run.Error, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        CommandRun.Of("wan", "inspect", "/nowhere").FailedWith(2, "/nowhere", "wanted a Wan2.1 checkpoint");
    }

    private static JsonElement Inspect(string folder) =>
        CommandRun.Of("wan", "inspect", Path.Combine(TestRoots.Fixtures, folder), "--values", "--json").Succeeded().Json;
}
