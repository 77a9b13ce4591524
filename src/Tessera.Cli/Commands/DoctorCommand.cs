using System.CommandLine;
using Spectre.Console;
using Tessera.Cli.Output;
using Tessera.Cli.Running;
using Tessera.Cli.Terminal;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera doctor</c>.</summary>
internal sealed class DoctorCommand : CommandWithExamples
{
    public DoctorCommand(CommandConsole console)
        : base("doctor", "Show what this machine offers and the reason for each \"no\".", "tessera doctor", "tessera doctor --json")
    {
        Option<bool> json = JsonOption.Create();
        Options.Add(json);
        SetAction(parsed =>
        {
            DoctorReport report = Doctor.Examine();
            JsonOutput.WriteOrPrint(console, parsed.GetValue(json), report, CliJsonContext.Default.DoctorReport, Print);

            return ExitCode.Done;
        });
    }

    private static void Print(IAnsiConsole output, DoctorReport report)
    {
        output.MarkupLineInterpolated(
            $"[bold]tessera {report.Tessera}[/] on {report.Runtime}, {report.OperatingSystem} ({report.Architecture})");
        output.MarkupLineInterpolated(
            $"{report.Processor}, {report.LogicalCores} logical cores, vectors of {report.VectorBits} bits, {report.MemoryBytes
                / (double)(1L << 30):0.0} GiB of memory");
        Table table = new() { Border = TableBorder.Simple };
        table.AddColumns("what", "", "detail");
        foreach (DoctorCheck check in report.Checks)
        {
            table.AddRow(
                new Text(check.Name), new Text(check.Available ? "yes" : "no", new Style(check.Available ? Color.Green : Color.Grey)),
                new Text(check.Detail));
        }

        output.Write(table);
    }
}
