using Spectre.Console;
using Tessera.Cli.Output;
using Tessera.Cli.Terminal;
using Tessera.Methods.Paro;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera tables probability</c>.</summary>
internal sealed class TablesProbabilityCommand(CommandConsole console)
    : TableCommand<ProbabilityReport>(
        console,
        "probability",
        "What quantising the softmax numerators P alone costs: relative L2 error of the output for each format, reference and "
            + "denominator.",
        CliJsonContext.Default.ProbabilityReport)
{
    protected override ProbabilityReport Compute(CommandConsole console, CancellationToken cancellationToken) => new()
    {
        Rows = ProbabilityErrorTable.Compute(),
    };

    protected override void Print(IAnsiConsole output, ProbabilityReport report)
    {
        output.WriteLine(
            "Relative L2 error of O, 1024 tokens, 64 channels, normal random data whose score spread and mean of V are fitted to the "
            + "recorded figures in brackets. Columns: what P is scaled by, and what the denominator sums.");
        Table table = ReportTable.Create(
            output, "P", ">running max, exact", ">tile max, exact", ">running max, quantised", ">tile max, quantised");
        foreach (ProbabilityErrorRow row in report.Rows)
        {
            table.AddRow(
                new Text(row.Format), Cell(row.Ours.RunningExact, row.Published?.RunningExact),
                Cell(row.Ours.TileExact, row.Published?.TileExact),
                Cell(row.Ours.RunningQuantized, row.Published?.RunningQuantized),
                Cell(row.Ours.TileQuantized, row.Published?.TileQuantized));
        }

        output.Write(table);
    }

    private static Text Cell(double ours, double? published) =>
        new(published is { } figure ? $"{ours:0.0e+0} ({figure:0.0e+0})" : $"{ours:0.0e+0}");
}
