using System.Text.Json;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class WanTokenizeCommandTests
{
    private const string Cases = "wan/tokenizer/cases.json";

    private static string WanModel => Path.Combine(TestRoots.Fixtures, "wan/tokenizer/spiece.model");

    [DataFact(Cases, isFixture: true)]
    public void Every_recorded_text_gives_its_ids_line_by_line()
    {
        using JsonDocument recorded = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(TestRoots.Fixtures, Cases)));
        JsonElement[] cases = [.. recorded.RootElement.GetProperty("cases").EnumerateArray()];
        string input = string.Concat(cases.Select(static one => JsonSerializer.Serialize(one.GetProperty("text").GetString()) + "\n"));

        Assert.Equal(
            cases.Select(static one => Ids(one, "ids")),
            Answers(CommandRun.WithInput(input, "wan", "tokenize", "--model", WanModel, "--json")));
        Assert.Equal(
            cases.Select(static one => Ids(one, "ids_no_eos")),
            Answers(CommandRun.WithInput(input, "wan", "tokenize", "--model", WanModel, "--json", "--eos", "never")));
    }

    [DataFact("tokenizer/t5_32k.oracle.json")]
    public void Other_vocabularies_give_the_ids_of_SentencePiece_alone()
    {
        using JsonDocument recorded = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(TestRoots.Data, "tokenizer/t5_32k.oracle.json")));
        JsonElement[] cases = [.. recorded.RootElement.GetProperty("cases").EnumerateArray()];
        string model = Path.Combine(TestRoots.Data, "tokenizer/t5_32k.model");
        string input = string.Concat(cases.Select(static one => JsonSerializer.Serialize(one.GetProperty("text").GetString()) + "\n"));

        Assert.Equal(cases.Select(static one => Ids(one, "ids")), Answers(CommandRun.WithInput(input, "wan", "tokenize", "--model", model, "--json")));
        Assert.Equal("1\n", CommandRun.WithInput("\n", "wan", "tokenize", "--model", model, "--eos", "always").Succeeded().Output);
    }

    [DataFact(Cases, isFixture: true)]
    public void Plain_lines_cleaning_and_length_work()
    {
        string[] command = ["wan", "tokenize", "--model", WanModel];
        Assert.Equal(
            CommandRun.WithInput("a & b\n", command).Succeeded().Output,
            CommandRun.WithInput("  a   &amp;amp; b\n", [.. command, "--clean"]).Succeeded().Output);
        Assert.Equal(3, CommandRun.WithInput("a small red boat\n", [.. command, "--length", "3"]).Succeeded().Output.Split(' ').Length);
        Assert.Equal("", CommandRun.WithInput("", command).Succeeded().Output);
        string folder = Path.Combine(TestRoots.Fixtures, "wan/pipeline_tiny/original");
        Assert.Equal(
            CommandRun.WithInput("a\n", "wan", "tokenize", "--model", Path.Combine(folder, "google/umt5-xxl/spiece.model")).Succeeded().Output,
            CommandRun.WithInput("a\n", "wan", "tokenize", "--model", folder).Succeeded().Output);
    }

    [DataFact(Cases, isFixture: true)]
    public void What_is_no_JSON_string_is_named_by_its_line()
    {
        foreach (string line in new[] { "hello", "3", "", "\"a", "\"a\" \"b\"", "{\"a\":1}", "\"\\ud800\"" })
        {
            CommandRun run = CommandRun.WithInput($"\"good\"\n{line}\n", "wan", "tokenize", "--model", WanModel, "--json");
            Assert.Equal(2, run.ExitCode);
            Assert.StartsWith("error: line 2 is not a JSON string", run.Error, StringComparison.Ordinal);
            Assert.Single(run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
    }

    [Fact]
    public void Missing_and_foreign_models_are_refused()
    {
        CommandRun.Of("wan", "tokenize", "--model", "/nowhere/spiece.model").FailedWith(2, "/nowhere/spiece.model");
        CommandRun.Of("wan", "tokenize", "--model", Path.Combine(TestRoots.Repository, "global.json")).FailedWith(2, "this is JSON", "spiece.model");
        CommandRun.Of("wan", "tokenize", "--model", Path.Combine(TestRoots.Repository, "Tessera.slnx")).FailedWith(2, "SentencePiece model");
        CommandRun.Of("wan", "tokenize").FailedWith(1, "--model");
        CommandRun.Of("wan", "tokenize", "--model", "x", "--eos", "maybe").FailedWith(1, "--eos", "auto, always, never");
    }

    private static int[] Ids(JsonElement element, string name) => [.. element.GetProperty(name).EnumerateArray().Select(static id => id.GetInt32())];

    private static IEnumerable<int[]> Answers(CommandRun run) =>
        run.Succeeded().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => Ids(JsonDocument.Parse(line).RootElement, "ids"));
}
