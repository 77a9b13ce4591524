using System.CommandLine;
using Tessera.Cli.Terminal;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Cli.Tests;

public sealed class DocumentationTests
{
    [Fact]
    public void EveryCommandLineOfTheDocumentationParses()
    {
        string[] lines = [.. File.ReadAllLines(Path.Combine(TestRoots.Repository, "docs", "cli.md")).Where(static line => line.StartsWith("$ tessera ", StringComparison.Ordinal))];

        Assert.True(lines.Length >= 8);
        foreach (string line in lines)
        {
            ParseResult parsed = CommandLine.CreateRoot(CommandConsole.ForWriters(TextWriter.Null, TextWriter.Null)).Parse(line.Split(' ')[2..]);
            Assert.True(parsed.Errors.Count == 0, $"{line}: {string.Join("; ", parsed.Errors.Select(static error => error.Message))}");
        }
    }
}
