using Spectre.Console;

namespace Tessera.Cli.Output;

/// <summary>A plan file for people.</summary>
internal static class PlanTable
{
    // Schedules of whole models hold hundreds of plans; the first ones tell what they are.
    private const int MostPlans = 8;

    public static void Print(IAnsiConsole output, PlanReport report)
    {
        output.MarkupLineInterpolated(
            $"[bold]{report.Name}[/] for {(report.Model.Length == 0 ? "any model" : report.Model)}: shape {report.Shape}, grid {report.Grid
                ?? "unknown"}");
        output.WriteLine(
            $"{report.Plans.Count} plan{(report.Plans.Count == 1 ? "" : "s")}; {report.Rows} row{(report.Rows == 1 ? "" : "s")} of "
            + $"{report.Axis}, {report.Layers} layer{(report.Layers == 1 ? "" : "s")}");
        for (int index = 0; index < Math.Min(MostPlans, report.Plans.Count); index++)
        {
            PlanSummary plan = report.Plans[index];
            output.WriteLine();
            output.MarkupLineInterpolated(
                $"plan {index} [bold]{plan.Name}[/]: {plan.Quantization}, blocks of {plan.BlockSize}, density {Figures.Share(
                    plan.Density)} ({Figures.Share(plan.VideoDensity)} of video)");
            Table table = ReportTable.Create(output, ">head", "order", ">density", ">kept mass");
            for (int head = 0; head < plan.Orders.Count; head++)
            {
                double? kept = index < report.KeptMass.Count ? report.KeptMass[index][head] : null;
                table.AddRow(
                    new Text($"{head}"), new Text(plan.Orders[head]), new Text(Figures.Share(plan.HeadDensities[head])),
                    new Text(Figures.Share(kept)));
            }

            output.Write(table);
        }

        if (report.Plans.Count > MostPlans)
        {
            output.WriteLine($"... and {report.Plans.Count - MostPlans} more; --json lists all.");
        }

        foreach ((string key, string value) in report.Properties)
        {
            output.WriteLine($"{key}: {value}");
        }

        if (report.Hash is { } hash)
        {
            output.WriteLine($"sha256 {hash}");
        }
    }
}
