using Tessera.Benchmarks.Commands;
using Tessera.Benchmarks.Wan.Sections;
using Tessera.Cli.Terminal;
using Tessera.Cli.Tests;
using Xunit;

namespace Tessera.Benchmarks.Tests.Wan;

public sealed class WanCommandTests
{
    [Fact]
    public void Help_names_every_section_and_ends_with_examples()
    {
        (int code, string output, _) = Run("wan", "--help");

        Assert.Equal(0, code);
        Assert.All(WanSections.All, section => Assert.Contains(section.Name, output, StringComparison.Ordinal));
        Assert.Contains("Examples:", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_sections_are_told_with_the_right_ones()
    {
        (int code, _, string error) = Run("wan", "--section", "opn");

        Assert.Equal(1, code);
        Assert.Contains("open", error, StringComparison.Ordinal);
    }

    /// <summary>Weights of true size are gigabytes, so they are never written unasked.</summary>
    [Fact]
    public void A_missing_checkpoint_is_told_with_the_command_that_writes_one()
    {
        using TemporaryFolder folder = new();
        string missing = folder.File("none");

        (int code, _, string error) = Run(
            "wan", "--section", "open,text", "--checkpoint", missing, "--text-checkpoint", missing, "--json", folder.File("figures.json"),
            "--threads", "1");

        Assert.Equal(2, code);
        Assert.Contains("section open failed", error, StringComparison.Ordinal);
        Assert.Contains("./tessera wan init --config 1.3b --seed 1 --parts text-encoder,tokenizer --output", error, StringComparison.Ordinal);
    }

    private static (int Code, string Output, string Error) Run(params string[] args)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        CommandConsole console = CommandConsole.ForWriters(output, error);
        int code = Tessera.Cli.CommandLine.RunAsync(BenchCommands.CreateRoot(console), args, console, CancellationToken.None)
            .GetAwaiter().GetResult();
        return (code, output.ToString(), error.ToString());
    }
}
