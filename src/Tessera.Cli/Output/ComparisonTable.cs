using Spectre.Console;

namespace Tessera.Cli.Output;

/// <summary>Methods side by side.</summary>
internal static class ComparisonTable
{
    public const string Legend =
        "density: share of blocks computed. kept mass: share of the dense softmax in them. cosine, rel. L1, RMSE: distance to dense "
        + "float32. "
        + "plan: making and compiling it, once offline, or with * in every call and counted in the speed-up. overhead: all of a call but "
        + "attend, share of the dense time. speed-up: against our own dense float32.";

    public static Table Create(IAnsiConsole console, IReadOnlyList<ComparisonRow> rows)
    {
        Table table = ReportTable.Create(
            console, "method", "format", ">density", ">kept mass", ">cosine", ">rel. L1", ">RMSE", ">plan", ">quantize", ">attend", ">time",
            ">overhead", ">speed-up");
        foreach (ComparisonRow row in rows)
        {
            table.AddRow(
                new Text(row.Method), new Text(row.Plan.Quantization), new Text(Figures.Share(row.Plan.Density)),
                new Text(Figures.Share(row.KeptMass)),
                new Text(Figures.Cosine(row.Error.Cosine)), new Text(Figures.Error(row.Error.RelativeL1)),
                new Text(Figures.Error(row.Error.Rmse)),
                new Text(Figures.Duration(row.Stages.Plan + row.Stages.Compile) + (row.PlansPerCall ? "*" : "")),
                new Text(Figures.Duration(row.Stages.Quantize + row.Stages.Permute)),
                new Text(Figures.Duration(row.Stages.Attend)), new Text(Figures.Duration(row.Seconds)),
                new Text(Figures.Share(row.OverheadShare)), new Text(Figures.Factor(row.SpeedUp)));
        }

        return table;
    }
}
