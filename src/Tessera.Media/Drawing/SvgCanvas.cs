using System.Globalization;
using System.Net;
using System.Text;

namespace Tessera.Media.Drawing;

/// <summary>Writes the few SVG elements that charts need. Texts are escaped; numbers are written with at most two decimals.</summary>
internal sealed class SvgCanvas
{
    private readonly StringBuilder _svg = new();

    /// <summary>Opens a drawing.</summary>
    /// <param name="width">Width of the view box.</param>
    /// <param name="height">Height of the view box.</param>
    /// <param name="description">What it shows, for readers who do not see it.</param>
    /// <param name="standalone">Whether it is a file of its own, with style sheet and namespace.</param>
    public SvgCanvas(double width, double height, string description, bool standalone)
    {
        _svg.Append(
            CultureInfo.InvariantCulture,
            $"<svg class=\"tessera-chart\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Number(width)} {Number(height)}\" "
            + $"role=\"img\" aria-label=\"{Escape(description)}\"");
        _svg.Append(standalone ? $" width=\"{Number(width)}\" height=\"{Number(height)}\">\n<style>{ChartStyle.Css}</style>\n" : ">\n");
    }

    /// <summary>A line.</summary>
    public void Line(double x1, double y1, double x2, double y2, string name) =>
        _svg.Append(
            CultureInfo.InvariantCulture,
            $"<line class=\"{name}\" x1=\"{Number(x1)}\" y1=\"{Number(y1)}\" x2=\"{Number(x2)}\" y2=\"{Number(y2)}\"/>\n");

    /// <summary>A filled rectangle with a tooltip.</summary>
    public void Rectangle(double x, double y, double width, double height, string style, string tooltip) =>
        _svg.Append(
            CultureInfo.InvariantCulture,
            $"<rect x=\"{Number(x)}\" y=\"{Number(y)}\" width=\"{Number(Math.Max(0, width))}\" height=\"{Number(Math.Max(0, height))}\" "
            + $"rx=\"1.5\" style=\"{style}\"><title>{Escape(tooltip)}</title></rect>\n");

    /// <summary>Text; anchor is <c>start</c>, <c>middle</c> or <c>end</c>.</summary>
    public void Text(double x, double y, string text, string anchor = "start", string name = "", double turn = 0)
    {
        string rotate = turn == 0 ? string.Empty : $" transform=\"rotate({Number(turn)} {Number(x)} {Number(y)})\"";
        string style = name.Length == 0 ? string.Empty : $" class=\"{name}\"";
        _svg.Append(
            CultureInfo.InvariantCulture,
            $"<text{style} x=\"{Number(x)}\" y=\"{Number(y)}\" text-anchor=\"{anchor}\"{rotate}>{Escape(text)}</text>\n");
    }

    /// <summary>A marker in one of four shapes, so that series differ without colour.</summary>
    public void Marker(int series, double x, double y, string tooltip)
    {
        const double Size = 5;
        string path = (series % 4) switch
        {
            0 =>
                $"M{Number(x - Size)} {Number(y)}a{Number(Size)} {Number(Size)} 0 1 0 {Number(2 * Size)} 0a{Number(Size)} {Number(Size)} 0 "
                + $"1 0 {Number(-2 * Size)} 0z",
            1 => $"M{Number(x - Size)} {Number(y - Size)}h{Number(2 * Size)}v{Number(2 * Size)}h{Number(-2 * Size)}z",
            2 =>
                $"M{Number(x)} {Number(y - Size - 1)}l{Number(Size + 1)} {Number(Size + 1)}l{Number(-Size - 1)} "
                + $"{Number(Size + 1)}l{Number(-Size - 1)} {Number(-Size - 1)}z",
            _ => $"M{Number(x)} {Number(y - Size - 1)}l{Number(Size + 1)} {Number((2 * Size) + 1)}h{Number(-2 * (Size + 1))}z",
        };
        _svg.Append(
            CultureInfo.InvariantCulture,
            $"<path d=\"{path}\" style=\"{ChartStyle.Fill(series)}\"><title>{Escape(tooltip)}</title></path>\n");
    }

    /// <summary>A line through points.</summary>
    public void Polyline(IEnumerable<(double X, double Y)> points, string style)
    {
        string list = string.Join(' ', points.Select(static point => $"{Number(point.X)},{Number(point.Y)}"));
        _svg.Append(CultureInfo.InvariantCulture, $"<polyline class=\"line\" points=\"{list}\" style=\"{style}\"/>\n");
    }

    /// <summary>Closes the drawing.</summary>
    public string Finish() => _svg.Append("</svg>\n").ToString();

    /// <summary>A number as SVG writes it.</summary>
    public static string Number(double value) => Math.Round(value, 2).ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>Text that is safe inside elements and attributes.</summary>
    public static string Escape(string text) => WebUtility.HtmlEncode(text);

    /// <summary>Estimated width of a text at the charts' size.</summary>
    public static double WidthOf(string text) => 6.6 * text.Length;
}
