using System.CommandLine;
using System.Text.Json.Serialization.Metadata;
using Spectre.Console;
using Tessera.Cli.Output;
using Tessera.Cli.Terminal;

namespace Tessera.Cli.Commands;

/// <summary>A command without options that computes one report and shows it.</summary>
/// <typeparam name="TReport">The report.</typeparam>
internal abstract class TableCommand<TReport> : CommandWithExamples
    where TReport : Report
{
    /// <param name="console">Where it is shown.</param>
    /// <param name="name">Word of the command.</param>
    /// <param name="description">One sentence.</param>
    /// <param name="type">The report as JSON.</param>
    protected TableCommand(CommandConsole console, string name, string description, JsonTypeInfo<TReport> type)
        : base(name, description, $"tessera tables {name}")
    {
        Option<bool> json = JsonOption.Create();
        Options.Add(json);
        SetAction((parsed, cancellationToken) =>
        {
            JsonOutput.WriteOrPrint(console, parsed.GetValue(json), Compute(console, cancellationToken), type, Print);
            return Task.FromResult(ExitCode.Done);
        });
    }

    /// <summary>Computes the report.</summary>
    protected abstract TReport Compute(CommandConsole console, CancellationToken cancellationToken);

    /// <summary>The report for people.</summary>
    protected abstract void Print(IAnsiConsole output, TReport report);
}
