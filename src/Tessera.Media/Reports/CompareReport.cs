using System.Globalization;
using System.Text;
using Tessera.Media.Drawing;
using Tessera.Media.Formats;

namespace Tessera.Media.Reports;

/// <summary>
/// A comparison of attention methods as one self-contained HTML file: figures, charts, attention maps and clips are inside it, no script
/// runs and nothing is loaded. The markup is well-formed XML behind its document type.
/// </summary>
public static class CompareReport
{
    /// <summary>Writes the page.</summary>
    /// <exception cref="ArgumentException">There are no methods, two share a name, or a per-head list does not fit the shape.</exception>
    public static string Render(CompareReportData data)
    {
        ArgumentNullException.ThrowIfNull(data);
        Validate(data);
        StringBuilder html = new();
        html.Append(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width, "
            + "initial-scale=1\"/>\n");
        html.Append(
            CultureInfo.InvariantCulture,
            $"<title>{ReportText.Escape(data.Title)}</title>\n<style>\n{ReportStyle.Css}{ChartStyle.Css}</style>\n</head>\n<body>\n"
            + $"<main>\n");
        WriteHeader(html, data);
        MethodSection.Write(html, data);
        ChartSection.Write(html, data);
        MapSection.Write(html, data);
        ClipSection.Write(html, data);
        TermsSection.Write(html, data);
        WriteFooter(html, data);
        return html.Append("</main>\n</body>\n</html>\n").ToString();
    }

    /// <summary>Writes the page to a file, which appears under its name when it is whole.</summary>
    /// <exception cref="ArgumentException">There are no methods, two share a name, or a per-head list does not fit the shape.</exception>
    public static Task WriteAsync(CompareReportData data, string path, CancellationToken cancellationToken = default) =>
        FinishedFile.WriteAsync(path, Encoding.UTF8.GetBytes(Render(data)), cancellationToken);

    /// <summary>The dense baseline, or null.</summary>
    internal static MethodResult? BaselineOf(CompareReportData data) => data.Methods.FirstOrDefault(static method => method.IsBaseline);

    /// <summary>How much faster than the baseline a method is; null without a baseline.</summary>
    internal static double? SpeedUpOf(CompareReportData data, MethodResult method) =>
        BaselineOf(data) is { } baseline && method.Time > TimeSpan.Zero ? baseline.Time / method.Time : null;

    /// <summary>Name of a head: its number, and its name when it has one.</summary>
    internal static string HeadName(CompareReportData data, int head) =>
        head < data.HeadNames.Count ? $"{head} {data.HeadNames[head]}" : $"{head}";

    private static void Validate(CompareReportData data)
    {
        if (data.Methods.Count == 0)
        {
            throw new ArgumentException("A report needs at least one method.", nameof(data));
        }

        foreach (MethodResult method in data.Methods)
        {
            if (data.Methods.Count(other => other.Name == method.Name) > 1)
            {
                throw new ArgumentException($"Two methods are named '{method.Name}'; names must be unique.", nameof(data));
            }

            foreach (int count in new[] { method.HeadDensity.Count, method.HeadKeptMass.Count, method.HeadOrders.Count })
            {
                if (count != 0 && count != data.Shape.Heads)
                {
                    throw new ArgumentException(
                        $"Method '{method.Name}' has a list of {count} values for {data.Shape.Heads} heads; wanted none or one per head.",
                        nameof(data));
                }
            }
        }
    }

    private static void WriteHeader(StringBuilder html, CompareReportData data)
    {
        html.Append(
            CultureInfo.InvariantCulture,
            $"<header>\n<p class=\"eyebrow\">Tessera attention report</p>\n<h1>{ReportText.Escape(data.Title)}</h1>\n<p "
            + $"class=\"lead\">{ReportText.Escape(data.Input)}</p>\n<dl class=\"facts\">\n");
        WriteFact(html, "Shape", $"{data.Shape} (batch, heads, tokens, channels)");
        if (data.Grid is { } grid)
        {
            WriteFact(html, "Grid", $"{grid} (frames, rows, columns)");
        }

        foreach (ReportFact fact in data.Environment)
        {
            WriteFact(html, fact.Label, fact.Value);
        }

        if (data.MeasuredAt is { } time)
        {
            WriteFact(html, "Measured", time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture));
        }

        html.Append("</dl>\n</header>\n");
    }

    private static void WriteFact(StringBuilder html, string label, string value) =>
        html.Append(CultureInfo.InvariantCulture, $"<div><dt>{ReportText.Escape(label)}</dt><dd>{ReportText.Escape(value)}</dd></div>\n");

    private static void WriteFooter(StringBuilder html, CompareReportData data)
    {
        html.Append("<footer>\n");
        if (data.Command.Length > 0)
        {
            html.Append(CultureInfo.InvariantCulture, $"<p>Make this page again: <code>{ReportText.Escape(data.Command)}</code></p>\n");
        }

        html.Append("<p>This file holds everything it shows; it loads nothing and runs nothing.</p>\n</footer>\n");
    }
}
