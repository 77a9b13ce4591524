using System.Globalization;
using System.Text;

namespace Tessera.Media.Reports;

/// <summary>The figures of each method: three tiles and the table.</summary>
internal static class MethodSection
{
    public static void Write(StringBuilder html, CompareReportData data)
    {
        WriteTiles(html, data);
        html.Append(
            "<section>\n<h2>Methods</h2>\n<p>Every method answers the same question as dense attention while computing fewer blocks, or "
            + "with fewer bits. Errors compare its output with the dense result in full precision.</p>\n");
        html.Append(
            "<div class=\"panel\">\n<table>\n<thead><tr><th>Method</th><th>Density</th><th>Kept mass</th><th>Cosine</th><th>Relative "
            + "L1</th><th>Relative L2</th><th>RMSE</th><th>Time</th><th>Speed-up</th></tr></thead>\n<tbody>\n");
        foreach (MethodResult method in data.Methods)
        {
            WriteRow(html, data, method);
        }

        html.Append("</tbody>\n</table>\n</div>\n</section>\n");
    }

    private static void WriteRow(StringBuilder html, CompareReportData data, MethodResult method)
    {
        string[] details = [.. new[] { method.Title, method.Settings, method.Recipe }.Where(static detail => detail.Length > 0).Distinct()];
        html.Append(
            CultureInfo.InvariantCulture,
            $"<tr{(method.IsBaseline ? " class=\"baseline\"" : string.Empty)}><td><strong>{ReportText.Escape(method.Name)}</strong><span "
            + $"class=\"small\">{ReportText.Escape(string.Join(" · ", details))}</span></td>");
        html.Append(
            CultureInfo.InvariantCulture,
            $"<td>{Metered(method.Density)}</td><td>{(method.KeptMass is { } mass ? Metered(mass) : ReportText.None)}</td>");
        html.Append(
            CultureInfo.InvariantCulture,
            $"<td>{ReportText.Cosine(method.Error?.Cosine)}</td><td>{ReportText.Error(method.Error?.RelativeL1)}</td>"
            + $"<td>{ReportText.Error(method.Error?.RelativeL2)}</td><td>{ReportText.Error(method.Error?.RootMeanSquare)}</td>");
        html.Append(
            CultureInfo.InvariantCulture,
            $"<td>{ReportText.Time(method.Time)}</td><td>{ReportText.Factor(CompareReport.SpeedUpOf(data, method))}</td></tr>\n");
    }

    private static string Metered(double share)
    {
        string width = (100 * Math.Clamp(share, 0, 1)).ToString("0.#", CultureInfo.InvariantCulture);
        return $"{ReportText.Percent(share)}<span class=\"meter\"><i style=\"width:{width}%\"></i></span>";
    }

    private static void WriteTiles(StringBuilder html, CompareReportData data)
    {
        MethodResult[] others = [.. data.Methods.Where(static method => !method.IsBaseline && method.Error is not null)];
        if (others.Length == 0)
        {
            return;
        }

        html.Append("<div class=\"tiles\">\n");
        MethodResult fastest = others.MinBy(static method => method.Time)!;
        if (CompareReport.SpeedUpOf(data, fastest) is { } factor)
        {
            WriteTile(
                html, ReportText.Factor(factor),
                $"fastest: {fastest.Name}, {ReportText.Time(fastest.Time)} against {ReportText.Time(CompareReport.BaselineOf(data)!.Time)} "
                + "dense");
        }

        MethodResult closest = others.MinBy(static method => method.Error!.Value.RelativeL1)!;
        WriteTile(
            html, ReportText.Error(closest.Error!.Value.RelativeL1),
            $"smallest relative L1 error: {closest.Name} at {ReportText.Percent(closest.Density)} density");
        MethodResult sparsest = others.MinBy(static method => method.Density)!;
        string kept = sparsest.KeptMass is { } mass ? $", {ReportText.Percent(mass)} of the mass kept" : string.Empty;
        WriteTile(html, ReportText.Percent(sparsest.Density), $"fewest blocks computed: {sparsest.Name}{kept}");
        html.Append("</div>\n");
    }

    private static void WriteTile(StringBuilder html, string figure, string meaning) =>
        html.Append(
            CultureInfo.InvariantCulture,
            $"<div class=\"tile\"><b>{ReportText.Escape(figure)}</b><span>{ReportText.Escape(meaning)}</span></div>\n");
}
