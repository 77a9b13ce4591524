using System.Text.Json.Nodes;
using Tessera.Benchmarks.Commands;
using Tessera.Benchmarks.Driver;
using Tessera.Cli.Terminal;
using Tessera.Cli.Tests;
using Xunit;

namespace Tessera.Benchmarks.Tests.Commands;

public sealed class CpuCommandTests
{
    [Theory]
    [InlineData("--section", "pers", "peers")]
    [InlineData("--cases", "int9", "int8")]
    [InlineData("--cases", "int8@2", "int8@0.25")]
    [InlineData("--dims", "64,big", "'big'")]
    [InlineData("--dims", "512", "256")]
    [InlineData("--isa", "1024", "512")]
    [InlineData("--peer-ops", "fastest", "mha")]
    [InlineData("--length", "0", "64")]
    public void Wrong_values_are_told_with_the_right_ones(string option, string value, string named)
    {
        (int code, string output, string error) = Run("cpu", option, value);

        Assert.Equal(1, code);
        Assert.Empty(output);
        Assert.Contains(named, error, StringComparison.Ordinal);
        Assert.Contains("--help", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Help_names_every_section_and_ends_with_examples()
    {
        (int code, string output, _) = Run("cpu", "--help");

        Assert.Equal(0, code);
        Assert.All(SectionCatalogue.All, section => Assert.Contains(section.Name, output, StringComparison.Ordinal));
        Assert.Contains("Examples:", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Figures_for_the_readme_need_the_section_that_has_them()
    {
        (int code, _, string error) = Run("cpu", "--readme", "--section", "scaling");

        Assert.Equal(1, code);
        Assert.Contains("peers", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Sections_run_without_any_peer()
    {
        using TemporaryFolder folder = new();
        string json = folder.File("figures.json");

        (int code, string output, string error) = Run(
            "cpu", "--section", "peers,scaling,density", "--peers", folder.Path, "--length", "256", "--heads", "2", "--dims", "16",
            "--cases", "fp32,int8@0.5", "--repeat", "1", "--json", json);

        Assert.True(code == 0, error);
        JsonNode sections = JsonNode.Parse(File.ReadAllText(json))!["sections"]!;
        Assert.Equal("int8@0.5", (string?)sections["peers"]!["tables"]!["headDim16"]![1]!["case"]);
        Assert.Equal(2, sections["scaling"]!["tables"]!["scaling"]!.AsArray().Count);
        Assert.Equal(0.5, (double)sections["density"]!["tables"]!["int8-headDim16"]![1]!["density"]!);
        Assert.Contains("ONNX Runtime is not compared", output, StringComparison.Ordinal);
        Assert.Contains("== scaling", error, StringComparison.Ordinal);
    }

    private static (int Code, string Output, string Error) Run(params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        CommandConsole console = CommandConsole.ForWriters(output, error);
        int code = Tessera.Cli.CommandLine.RunAsync(BenchCommands.CreateRoot(console), arguments, console, CancellationToken.None)
            .GetAwaiter().GetResult();
        return (code, output.ToString(), error.ToString());
    }
}
