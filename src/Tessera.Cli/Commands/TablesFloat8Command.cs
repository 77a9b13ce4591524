using Spectre.Console;
using Tessera.Cli.Output;
using Tessera.Cli.Running;
using Tessera.Cli.Terminal;
using Tessera.Methods.Fps;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera tables fp8</c>.</summary>
internal sealed class TablesFloat8Command(CommandConsole console)
    : TableCommand<Float8Report>(
        console,
        "fp8",
        "What FPSAttention's FP8 costs by size of scale group, with outliers, key smoothing, Hadamard, and by the scale of P.",
        CliJsonContext.Default.Float8Report)
{
    protected override Float8Report Compute(CommandConsole console, CancellationToken cancellationToken)
    {
        BackendCatalogue backends = new(threads: 0);
        return new Float8Report
        {
            Backend = backends.Cpu.Name,
            Rows = ProgressDisplay.Run(console, _ => Float8ErrorTable.Measure(backends.Cpu, cancellationToken: cancellationToken)),
        };
    }

    protected override void Print(IAnsiConsole output, Float8Report report)
    {
        output.WriteLine(
            $"Relative L2 error of the output against unquantised attention, {report.Backend} backend, beside figures recorded earlier by "
            + "an independent simulation.");
        Table table = ReportTable.Create(output, "setting", "figure", ">recorded", ">ours");
        foreach (Float8ErrorRow row in report.Rows)
        {
            table.AddRow(
                new Text(row.Setting), new Text(row.Figure), new Text($"{row.Recorded:0.0000}"), new Text($"{row.Measured:0.0000}"));
        }

        output.Write(table);
    }
}
