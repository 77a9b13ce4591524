using Spectre.Console;
using Tessera.Cli.Output;
using Tessera.Cli.Terminal;
using Tessera.Methods.Paro;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera tables locality</c>.</summary>
internal sealed class TablesLocalityCommand(CommandConsole console)
    : TableCommand<LocalityReport>(
        console,
        "locality",
        "Which token order each rule of PAROAttention picks on maps whose best order is known, and the attention mass it keeps in the "
            + "best 20 % of blocks.",
        CliJsonContext.Default.LocalityReport)
{
    protected override LocalityReport Compute(CommandConsole console, CancellationToken cancellationToken) => new()
    {
        Rows = LocalityTable.Compute(),
    };

    protected override void Print(IAnsiConsole output, LocalityReport report)
    {
        output.WriteLine(
            "Gaussian locality (sigma 1.5; 0.8 for the last head, which the figures imply) on 8x16x16 tokens in blocks of 64x64. Mass: "
            + "share of attention in the best 20 % of blocks. In brackets: recorded earlier.");
        Table table = ReportTable.Create(output, "head", "metric as printed", "metric corrected", "best of six", "tiles 4x4x4");
        foreach (LocalityTableRow row in report.Rows)
        {
            LocalityTableReference published = row.Published;
            table.AddRow(
                new Text(row.HeadType),
                new Text($"{row.PrintedOrder} {row.PrintedMass:0.000} ({published.PrintedOrder} {published.PrintedMass:0.000})"),
                new Text($"{row.CorrectedOrder} {row.CorrectedMass:0.000} ({published.CorrectedOrder} {published.CorrectedMass:0.000})"),
                new Text($"{row.BestOrders} {row.BestMass:0.000} ({published.BestMass:0.000})"),
                new Text($"{row.TileMass:0.000} ({published.TileMass:0.000})"));
        }

        output.Write(table);
    }
}
