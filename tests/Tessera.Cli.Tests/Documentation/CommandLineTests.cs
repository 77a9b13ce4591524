using System.CommandLine;
using System.CommandLine.Parsing;
using Tessera.Cli.Terminal;
using Xunit;

namespace Tessera.Cli.Tests.Documentation;

/// <summary>Every command line of the documentation is one that the program understands.</summary>
public sealed class CommandLineTests
{
    private const string Ellipsis = "...";
    private static readonly string[] Prefixes = ["$ tessera ", "./tessera ", "tessera "];

    /// <summary>Lines of code are whole: they parse without any error.</summary>
    [Fact]
    public void Lines_of_code_parse()
    {
        List<string> faults = [];
        int count = 0;
        foreach (MarkdownFile file in MarkdownFile.All())
        {
            foreach (string line in file.Blocks.SelectMany(static block => block.Lines))
            {
                if (ArgumentsOf(line.Split(" #")[0].Trim()) is not { } arguments)
                {
                    continue;
                }

                count++;
                ParseResult parsed = Parse(arguments);
                faults.AddRange(parsed.Errors.Select(error => $"{file.Name}: {line}: {error.Message}"));
            }
        }

        Assert.True(count >= 30, $"{count} lines were found");
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    /// <summary>Code within text may leave out what does not matter there, but names no command, option or value that does not exist.</summary>
    [Fact]
    public void Spans_of_code_name_what_exists()
    {
        List<string> faults = [];
        int count = 0;
        foreach (MarkdownFile file in MarkdownFile.All())
        {
            foreach (string span in file.Spans)
            {
                if (ArgumentsOf(span) is not { } arguments)
                {
                    continue;
                }

                count++;
                ParseResult parsed = Parse([.. arguments.Where(static argument => argument != Ellipsis)]);
                faults.AddRange(parsed.UnmatchedTokens.Select(token => $"{file.Name}: {span}: '{token}' is unknown"));
                faults.AddRange(parsed.Errors.Where(static error => !IsIncomplete(error)).Select(error => $"{file.Name}: {span}: {error.Message}"));
            }
        }

        Assert.True(count >= 30, $"{count} spans were found");
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    [Theory]
    [InlineData("tessera generate fox --ceckpoint model")]
    [InlineData("tessera wan invert --weights int8")]
    [InlineData("tessera attention run --method vsa")]
    [InlineData("tessera generate fox --frames -1")]
    public void What_does_not_exist_is_found(string line)
    {
        ParseResult parsed = Parse(ArgumentsOf(line)!);
        Assert.True(parsed.UnmatchedTokens.Count > 0 || parsed.Errors.Any(static error => !IsIncomplete(error)));
    }

    private static bool IsIncomplete(ParseError error) =>
        error.Message.Contains("missing", StringComparison.Ordinal) || error.Message.Contains("required", StringComparison.OrdinalIgnoreCase);

    private static string[]? ArgumentsOf(string line) =>
        Prefixes.FirstOrDefault(prefix => line.StartsWith(prefix, StringComparison.Ordinal)) is { } prefix
            && !char.IsDigit(line[prefix.Length])
            ? [.. CommandLineParser.SplitCommandLine(line[prefix.Length..])]
            : null;

    private static ParseResult Parse(string[] arguments) =>
        CommandLine.CreateRoot(CommandConsole.ForWriters(TextWriter.Null, TextWriter.Null)).Parse(arguments);
}
