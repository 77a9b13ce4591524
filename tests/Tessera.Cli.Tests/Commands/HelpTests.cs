using System.CommandLine;
using Tessera.Cli.Commands;
using Tessera.Cli.Terminal;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class HelpTests
{
    public static TheoryData<string> Leaves => [.. AllCommands().Where(static pair => pair.Command.Subcommands.Count == 0).Select(static pair => pair.Path)];

    [Theory]
    [MemberData(nameof(Leaves))]
    public void HelpShowsUsageAndExamples(string path)
    {
        CommandRun run = CommandRun.Of([.. path.Split(' ')[1..], "--help"]).Succeeded();

        Assert.Contains($"Usage:\n  {path}", run.Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains($"Examples:\n  {path}", run.Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Leaves))]
    public void EveryExampleParsesAsWritten(string path)
    {
        CommandWithExamples command = Assert.IsAssignableFrom<CommandWithExamples>(AllCommands().Single(pair => pair.Path == path).Command);

        Assert.NotEmpty(command.Examples);
        foreach (string example in command.Examples)
        {
            Assert.StartsWith($"{path}", example, StringComparison.Ordinal);
            ParseResult parsed = Root().Parse(example.Split(' ')[1..]);
            Assert.True(parsed.Errors.Count == 0, $"{example}: {string.Join("; ", parsed.Errors.Select(static error => error.Message))}");
            Assert.Equal(command.Name, parsed.CommandResult.Command.Name);
        }
    }

    [Theory]
    [MemberData(nameof(Leaves))]
    public void EveryOptionSaysWhatItDoes(string path)
    {
        Command command = AllCommands().Single(pair => pair.Path == path).Command;

        Assert.False(string.IsNullOrWhiteSpace(command.Description));
        Assert.All(command.Options, static option => Assert.False(string.IsNullOrWhiteSpace(option.Description), option.Name));
    }

    [Fact]
    public void AWrongCommandNamesTheRightOnes()
    {
        CommandRun.Of("attention", "rum").FailedWith(1, "'rum'", "tessera attention", "run", "bench");
        CommandRun.Of("doktor").FailedWith(1, "'doktor'", "doctor");
    }

    [Fact]
    public void NoCommandShowsTheListAndFails()
    {
        CommandRun run = CommandRun.Of();

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("doctor", run.Output, StringComparison.Ordinal);
        Assert.Contains("needs a command", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void AnUnknownOptionIsNamed() => CommandRun.Of("doctor", "--jsn").FailedWith(1, "--jsn");

    private static Command Root() => CommandLine.CreateRoot(CommandConsole.ForWriters(TextWriter.Null, TextWriter.Null));

    private static IEnumerable<(string Path, Command Command)> AllCommands() => Walk(Root(), "tessera");

    private static IEnumerable<(string Path, Command Command)> Walk(Command command, string path) =>
        command.Subcommands.SelectMany(child => Walk(child, $"{path} {child.Name}")).Prepend((path, command));
}
