using Spectre.Console;
using Tessera.Fidelity;
using Tessera.Wan.SelfAttention;

namespace Tessera.Cli.Output;

/// <summary>Deviations from dense attention for people, a line a layer.</summary>
internal static class DeviationTable
{
    public static void Print(IAnsiConsole output, DeviationReport report)
    {
        Table table = ReportTable.Create(
            output, ">layer", ">calls", ">cosine", ">relative L1", ">NMSE", ">worst head", ">its cosine", ">its NMSE");
        foreach (LayerDeviation layer in report.Layers)
        {
            Row(table, $"{layer.Layer}", $"{layer.Calls}", layer.Error, $"{layer.WorstHead}", layer.WorstHeadError);
        }

        Row(table, "all", $"{report.Layers.Sum(static layer => layer.Calls)}", report.Total, "", null);
        output.Write(table);
    }

    private static void Row(Table table, string layer, string calls, AttentionError error, string head, AttentionError? worst) =>
        table.AddRow(
            new Text(layer), new Text(calls), new Text(Figures.Cosine(error.Cosine)), new Text(Figures.Error(error.RelativeL1)),
            new Text(Figures.Error(error.NormalizedMeanSquare)), new Text(head), new Text(Figures.Cosine(worst?.Cosine)),
            new Text(Figures.Error(worst?.NormalizedMeanSquare)));
}
