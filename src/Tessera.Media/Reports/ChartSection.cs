using System.Globalization;
using System.Text;
using Tessera.Attention;
using Tessera.Media.Drawing;

namespace Tessera.Media.Reports;

/// <summary>Error against time, time by stage, and density and kept mass of each head.</summary>
internal static class ChartSection
{
    private const string NaturalOrder = "natural";

    public static void Write(StringBuilder html, CompareReportData data)
    {
        WriteScatter(html, data);
        WriteStages(html, data);
        WriteHeads(html, data);
    }

    private static void WriteScatter(StringBuilder html, CompareReportData data)
    {
        ScatterPoint[] points =
        [
            .. data.Methods.Select(static (method, index) => (method, index))
                .Where(static entry => entry.method.Error is { RelativeL1: > 0 } && entry.method.Time > TimeSpan.Zero)
                .Select(
                    static entry => new ScatterPoint(
                        entry.method.Name, entry.method.Time.TotalMilliseconds, entry.method.Error!.Value.RelativeL1, entry.index)),
        ];
        if (points.Length == 0)
        {
            return;
        }

        ScatterChart chart = new()
        {
            Points = points,
            Description = "Relative L1 error of each method against its time",
            HorizontalTitle = "time of one call, ms →",
            VerticalTitle = "↑ relative L1 error",
            IsLogarithmic = true,
            Rule = CompareReport.BaselineOf(data) is { } dense ? (dense.Time.TotalMilliseconds, "dense") : null,
        };
        Open(
            html, "Error against time",
            "Down is closer to dense attention, left is faster; both scales are logarithmic. A method right of the dashed line loses "
            + "time.");
        Panel(html, chart.ToSvg(standalone: false));
        html.Append("</section>\n");
    }

    private static void WriteStages(StringBuilder html, CompareReportData data)
    {
        (string Name, Func<StageTimes, TimeSpan> Of)[] stages =
        [
            ("plan", static stages => stages.Plan), ("permute", static stages => stages.Permute),
            ("quantise", static stages => stages.Quantize), ("attend", static stages => stages.Attend),
        ];
        if (data.Methods.All(static method => method.Stages.Total == TimeSpan.Zero))
        {
            return;
        }

        BarChart chart = new()
        {
            Categories = [.. data.Methods.Select(static method => method.Name)],
            Series =
            [
                .. stages.Select(
                    stage => new ChartSeries(stage.Name, [.. data.Methods.Select(method => stage.Of(method.Stages).TotalMilliseconds)]))
            ],
            Description = "Time of each method by stage",
            ValueTitle = "milliseconds",
            IsStacked = true,
        };
        Open(
            html, "Where the time goes",
            "Plan looks at Q and K to choose blocks (zero when the plan was made beforehand), permute reorders tokens, quantise lowers the "
            + "bits, attend is the attention itself. A stage fused into another counts there.");
        Panel(html, chart.ToSvg(standalone: false));
        html.Append("</section>\n");
    }

    private static void WriteHeads(StringBuilder html, CompareReportData data)
    {
        ChartSeries[] density = SeriesOf(data, static method => method.HeadDensity);
        ChartSeries[] mass = SeriesOf(data, static method => method.HeadKeptMass);
        if (density.Length == 0 && mass.Length == 0)
        {
            return;
        }

        string[] heads = [.. Enumerable.Range(0, data.Shape.Heads).Select(head => CompareReport.HeadName(data, head))];
        Open(
            html, "Head by head",
            "Heads look at different things, so they can drop different shares. A good method drops much where little mass is lost. "
            + "Methods that compute every block are left out, and methods that choose the same blocks share a bar.");
        WriteBars(html, heads, density, "Density of each head and method", "density: share of blocks computed");
        WriteBars(html, heads, mass, "Kept mass of each head and method", "kept mass: share of the softmax in computed blocks");
        WriteOrders(html, data, heads);
        html.Append("</section>\n");
    }

    private static void WriteBars(StringBuilder html, string[] heads, ChartSeries[] series, string description, string title)
    {
        if (series.Length > 0)
        {
            Panel(
                html,
                new BarChart { Categories = heads, Series = series, Description = description, ValueTitle = title }
                    .ToSvg(standalone: false));
        }
    }

    private static void WriteOrders(StringBuilder html, CompareReportData data, string[] heads)
    {
        MethodResult[] ordered = [.. data.Methods.Where(static method => method.HeadOrders.Any(static order => order != NaturalOrder))];
        if (ordered.Length == 0)
        {
            return;
        }

        html.Append("<h3>Token order of each head</h3>\n<div class=\"panel\">\n<table>\n<thead><tr><th>Method</th>");
        html.AppendJoin(string.Empty, heads.Select(static head => $"<th>{ReportText.Escape(head)}</th>"));
        html.Append("</tr></thead>\n<tbody>\n");
        foreach (IGrouping<string, MethodResult> group in ordered.GroupBy(static method => string.Join('\n', method.HeadOrders)))
        {
            html.Append(
                CultureInfo.InvariantCulture,
                $"<tr><td>{ReportText.Escape(string.Join(", ", group.Select(static method => method.Name)))}</td>");
            html.AppendJoin(string.Empty, group.First().HeadOrders.Select(static order => $"<td>{ReportText.Escape(order)}</td>"));
            html.Append("</tr>\n");
        }

        html.Append("</tbody>\n</table>\n</div>\n");
    }

    /// <summary>One series for all sparse methods with equal values, in the style that its first method has in every chart.</summary>
    private static ChartSeries[] SeriesOf(CompareReportData data, Func<MethodResult, IReadOnlyList<double>> values) =>
    [
        .. data.Methods.Select(static (method, index) => (method, index))
            .Where(entry => values(entry.method).Count > 0 && entry.method.Density < 1)
            .GroupBy(
                entry =>
                    string.Join(' ', values(entry.method).Select(static value => value.ToString("0.000", CultureInfo.InvariantCulture))))
            .Select(group => new ChartSeries(
                group.Count() == 1 ? group.First().method.Name : $"{group.First().method.Name} and {group.Count() - 1} more",
                values(group.First().method), group.First().index)),
    ];

    private static void Open(StringBuilder html, string title, string text) =>
        html.Append(CultureInfo.InvariantCulture, $"<section>\n<h2>{ReportText.Escape(title)}</h2>\n<p>{ReportText.Escape(text)}</p>\n");

    private static void Panel(StringBuilder html, string svg) =>
        html.Append(CultureInfo.InvariantCulture, $"<div class=\"panel chart\">\n{svg}</div>\n");
}
