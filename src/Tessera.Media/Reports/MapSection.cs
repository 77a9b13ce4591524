using System.Globalization;
using System.Text;
using Tessera.Media.Drawing;
using Tessera.Media.Formats;

namespace Tessera.Media.Reports;

/// <summary>Attention maps of chosen heads, in natural order and in the plan's, with the mask over the second.</summary>
internal static class MapSection
{
    private const double Decades = 3;
    private const int CellSize = 2;
    private const int RampSteps = 180;

    public static void Write(StringBuilder html, CompareReportData data)
    {
        if (data.Maps.Count == 0)
        {
            return;
        }

        html.Append(
            "<section>\n<h2>What heads look at</h2>\n<p>Each picture samples one head’s softmax map: a row is a query, a column is a "
            + "group of neighbouring keys, bright means much attention. On the left tokens stand in their natural order, on the right "
            + "in the order of the plan. Good orders gather the light into few blocks; there, gray is what the method leaves out, and the "
            + "lighter the gray, the more attention is lost.</p>\n");
        html.Append(
            CultureInfo.InvariantCulture,
            $"<div class=\"ramp\"><span>1/1000 of the peak</span><img alt=\"colour scale from violet to yellow\" "
            + $"src=\"{ReportText.DataAddress(Ramp())}\"/><span>peak (logarithmic)</span></div>\n<div class=\"maps\">\n");
        foreach (HeadMapPair pair in data.Maps)
        {
            WritePair(html, pair);
        }

        html.Append("</div>\n</section>\n");
    }

    private static void WritePair(StringBuilder html, HeadMapPair pair)
    {
        string name = pair.Name.Length > 0 ? $"{pair.Head} {pair.Name}" : $"{pair.Head}";
        string mass = pair.KeptMass is { } kept ? $", {ReportText.Percent(kept)} of the mass kept" : string.Empty;
        float maximum = Peak(pair.Before, pair.After);
        html.Append(
            CultureInfo.InvariantCulture,
            $"<div class=\"panel map\">\n<h3>Head {ReportText.Escape(name)} <span>{ReportText.Escape(pair.Method)}: density "
            + $"{ReportText.Percent(pair.Density)}{mass}</span></h3>\n<div class=\"two\">\n");
        WriteFigure(
            html, pair.Before, [], maximum, $"Head {name} in order {pair.Before.Order}",
            pair.Before.Order == "natural" ? "natural order" : $"order {pair.Before.Order}");
        WriteFigure(
            html, pair.After, [.. pair.Kept], maximum, $"Head {name} in order {pair.After.Order} with the mask of {pair.Method}",
            $"order {pair.After.Order}{(pair.Kept.Count > 0 ? ", with its mask" : string.Empty)}");
        html.Append("</div>\n</div>\n");
    }

    private static void WriteFigure(StringBuilder html, SampledMap map, float[] kept, float maximum, string description, string caption)
    {
        HeatmapOptions options = new() { CellSize = CellSize, Maximum = maximum, Decades = Decades };
        RasterImage image = Heatmap.Draw(map.Mass, map.Rows, map.Columns, options, kept);
        html.Append(
            CultureInfo.InvariantCulture,
            $"<figure><img alt=\"{ReportText.Escape(description)}\" src=\"{ReportText.DataAddress(image)}\"/>"
            + $"<figcaption>{ReportText.Escape(caption)}</figcaption></figure>\n");
    }

    /// <summary>The value above which one cell in two hundred lies, of both pictures: one lone peak does not darken the rest.</summary>
    private static float Peak(SampledMap before, SampledMap after)
    {
        float[] sorted = [.. before.Mass, .. after.Mass];
        Array.Sort(sorted);
        return sorted[(int)(sorted.Length * 0.995)];
    }

    private static RasterImage Ramp()
    {
        float[] values = [.. Enumerable.Range(0, RampSteps).Select(static i => (float)i / (RampSteps - 1))];
        return Heatmap.Draw(values, 1, RampSteps, new HeatmapOptions { CellSize = 1 });
    }
}
