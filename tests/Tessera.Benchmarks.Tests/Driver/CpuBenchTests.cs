using System.Text.Json.Nodes;
using Tessera.Backends.Cpu;
using Tessera.Benchmarks.Driver;
using Tessera.Benchmarks.Reporting;
using Tessera.Cli.Terminal;
using Tessera.Cli.Tests;
using Xunit;

namespace Tessera.Benchmarks.Tests.Driver;

public sealed class CpuBenchTests
{
    [Fact]
    public void A_section_that_fails_loses_nothing_of_the_others()
    {
        using TemporaryFolder folder = new();
        string json = folder.File("figures.json");
        string markdown = folder.File("figures.md");

        int code = Run(json, markdown, new Counting("first"), new Failing(), new Counting("last"));

        Assert.Equal(2, code);
        JsonNode sections = JsonNode.Parse(File.ReadAllText(json))!["sections"]!;
        Assert.Equal(7, (int)sections["first"]!["tables"]!["numbers"]![0]!["value"]!);
        Assert.Equal(7, (int)sections["last"]!["tables"]!["numbers"]![0]!["value"]!);
        Assert.Equal("no such luck", (string?)sections["failing"]!["failure"]);
        Assert.All(
            (string[])["first", "failing", "last"], name => Assert.NotEmpty((string)sections[name]!["environment"]!["processor"]!));
        string text = File.ReadAllText(markdown);
        Assert.Contains("### first", text, StringComparison.Ordinal);
        Assert.Contains("no such luck", text, StringComparison.Ordinal);
        Assert.Contains("### last", text, StringComparison.Ordinal);
        Assert.Equal(2, Directory.GetFiles(Path.GetDirectoryName(json)!).Length);
    }

    [Fact]
    public void Sections_that_are_not_run_keep_their_part()
    {
        using TemporaryFolder folder = new();
        string json = folder.File("figures.json");
        Assert.Equal(0, Run(json, null, new Counting("first")));
        Assert.Equal(0, Run(json, null, new Counting("second")));

        JsonObject sections = JsonNode.Parse(File.ReadAllText(json))!["sections"]!.AsObject();

        Assert.Equal(["first", "second"], sections.Select(static part => part.Key));
    }

    [Fact]
    public void A_file_of_another_kind_is_left_alone()
    {
        using TemporaryFolder folder = new();
        string json = folder.File("figures.json");
        File.WriteAllText(json, "{ \"mine\": true }");

        InvalidDataException error = Assert.Throws<InvalidDataException>(() => Run(json, null, new Counting("first")));

        Assert.Contains("--json", error.Message, StringComparison.Ordinal);
        Assert.Equal("{ \"mine\": true }", File.ReadAllText(json));
    }

    private static int Run(string json, string? markdown, params IReadOnlyList<IBenchSection> sections)
    {
        CpuRequest request = new()
        {
            Sections = sections,
            Length = 64,
            Heads = 1,
            HeadDims = [16],
            Repeat = 1,
            Cases = [],
            PeerOperations = [],
            Options = new CpuOptions { Threads = 1 },
            PlotFolder = ".",
        };
        using StringWriter output = new();
        using StringWriter error = new();
        CpuBench bench = new(request, CommandConsole.ForWriters(output, error), json) { MarkdownPath = markdown };
        return bench.Run(CancellationToken.None);
    }

    private sealed class Counting(string name) : IBenchSection
    {
        public string Name => name;

        public string Description => "counts";

        public SectionReport Run(BenchContext context) => new()
        {
            Title = name,
            Tables = [new ReportTable<Number>("numbers", "", [new Number(7)], ("value", static number => $"{number.Value}"))],
        };
    }

    private sealed record Number(int Value);

    private sealed class Failing : IBenchSection
    {
        public string Name => "failing";

        public string Description => "fails";

        public SectionReport Run(BenchContext context) => throw new InvalidDataException("no such luck");
    }
}
