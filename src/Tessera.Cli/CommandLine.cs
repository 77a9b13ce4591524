using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Tessera.Cli.Commands;
using Tessera.Cli.Terminal;

namespace Tessera.Cli;

/// <summary>The whole command line: parse, run, and turn every failure into one line and an exit code.</summary>
internal static class CommandLine
{
    private const string Name = "tessera";

    public static Task<int> RunAsync(IReadOnlyList<string> arguments, CommandConsole console, CancellationToken cancellationToken) =>
        RunAsync(CreateRoot(console), arguments, console, cancellationToken);

    /// <summary>The same for another tree of commands.</summary>
    public static async Task<int> RunAsync(
        Command root, IReadOnlyList<string> arguments, CommandConsole console, CancellationToken cancellationToken)
    {
        ParseResult parsed = root.Parse(arguments);
        if (parsed.Action is ParseErrorAction)
        {
            return WriteUsageErrors(parsed, console);
        }

        try
        {
            InvocationConfiguration configuration = new()
            {
                Output = console.OutputWriter,
                Error = console.ErrorWriter,
                EnableDefaultExceptionHandler = false,
                // Ctrl-C is ours: the library's handler would end the process before temporary files are removed.
                ProcessTerminationTimeout = null,
            };
            return await parsed.InvokeAsync(configuration, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            CommandFailure failure = CommandFailure.Of(exception);
            await console.ErrorWriter.WriteLineAsync($"error: {failure.Line}").ConfigureAwait(false);
            return failure.ExitCode;
        }
    }

    /// <summary>The tree of commands. The root is a plain command, because a root command names itself after the assembly.</summary>
    public static Command CreateRoot(CommandConsole console)
    {
        return new Command(Name, "Tessera makes attention over video tokens sparse, low-bit and faithful, on CPUs.")
        {
            new DemoCommand(console),
            new GenerateCommand(console),
            CommandGroup.Of(
                "attention", "Run, compare, explain and time attention.",
                new AttentionRunCommand(console),
                new AttentionCompareCommand(console),
                new AttentionExplainCommand(console),
                new AttentionBenchCommand(console)),
            CommandGroup.Of(
                "plan", "Make, show, convert and predict attention plans.",
                new PlanCalibrateCommand(console),
                new PlanShowCommand(console),
                new PlanConvertCommand(console),
                new PlanCostCommand(console)),
            CommandGroup.Of(
                "tables", "Reproduce published tables, our figures beside theirs.",
                new TablesLocalityCommand(console),
                new TablesProbabilityCommand(console),
                new TablesFloat8Command(console)),
            CommandGroup.Of(
                "wan", "Wan2.1 text to video.",
                new WanInitCommand(console),
                new WanConvertCommand(console),
                new WanInspectCommand(console),
                new WanTokenizeCommand(console)),
            new DoctorCommand(console),
            HelpWithExamples.CreateOption(),
            new VersionOption(),
        };
    }

    private static int WriteUsageErrors(ParseResult parsed, CommandConsole console)
    {
        Command command = parsed.CommandResult.Command;
        string path = PathOf(parsed.CommandResult);
        bool isGroup = command.Subcommands.Count > 0;
        if (isGroup && parsed.UnmatchedTokens.Count > 0)
        {
            string wanted = string.Join(", ", command.Subcommands.Select(static one => one.Name));
            console.ErrorWriter.WriteLine($"error: '{parsed.UnmatchedTokens[0]}' is not a command of '{path}'; wanted one of {wanted}.");
        }
        else if (isGroup)
        {
            command.Parse(["--help"]).Invoke(new InvocationConfiguration { Output = console.OutputWriter, Error = console.ErrorWriter });
            console.ErrorWriter.WriteLine($"error: '{path}' needs a command.");
        }
        else
        {
            foreach (ParseError error in parsed.Errors)
            {
                console.ErrorWriter.WriteLine($"error: {error.Message}");
            }
        }

        console.ErrorWriter.WriteLine($"Run '{path} --help' for usage{(isGroup ? "" : " and an example")}.");
        return ExitCode.Usage;
    }

    private static string PathOf(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{PathOf(parent)} {command.Command.Name}" : command.Command.Name;
}
