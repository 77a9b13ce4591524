namespace Tessera.Media.Drawing;

/// <summary>Lines with markers over shared horizontal values, for example error against density.</summary>
public sealed record LineChart
{
    private const double Width = 960;

    /// <summary>Horizontal values, ascending.</summary>
    public required IReadOnlyList<double> Horizontal { get; init; }

    /// <summary>Lines, each with one value a horizontal value.</summary>
    public required IReadOnlyList<ChartSeries> Series { get; init; }

    /// <summary>What the chart shows, in words.</summary>
    public string Description { get; init; } = "Line chart";

    /// <summary>Title of the horizontal axis, with unit.</summary>
    public string HorizontalTitle { get; init; } = string.Empty;

    /// <summary>Title of the vertical axis, with unit.</summary>
    public string VerticalTitle { get; init; } = string.Empty;

    /// <summary>Whether the vertical axis is logarithmic; values that are not positive then leave gaps.</summary>
    public bool IsLogarithmic { get; init; }

    /// <summary>Writes the chart.</summary>
    /// <param name="standalone">Whether it is a file of its own; inside a page include <see cref="ChartStyle.Css"/> once.</param>
    /// <exception cref="ArgumentException">A series has another number of values than there are horizontal values.</exception>
    public string ToSvg(bool standalone = true)
    {
        foreach (ChartSeries series in Series)
        {
            if (series.Values.Count != Horizontal.Count)
            {
                throw new ArgumentException(
                    $"Series '{series.Name}' has {series.Values.Count} values for {Horizontal.Count} horizontal values.",
                    nameof(standalone));
            }
        }

        ChartFrame frame = new(64, 34, Width - 24, 300);
        IEnumerable<double> values = Series.SelectMany(static series => series.Values).Where(IsShown);
        ChartScale x = ChartScale.Linear(Horizontal, frame.Left, frame.Right);
        ChartScale y = IsLogarithmic
            ? ChartScale.Logarithmic(values, frame.Bottom, frame.Top)
            : ChartScale.Linear(values, frame.Bottom, frame.Top);
        SvgCanvas svg = new(Width, frame.Bottom + 58 + frame.LegendHeight(Series), Description, standalone);
        frame.DrawHorizontal(svg, x, HorizontalTitle);
        frame.DrawVertical(svg, y, VerticalTitle);
        for (int series = 0; series < Series.Count; series++)
        {
            IReadOnlyList<double> line = Series[series].Values;
            int style = Series[series].Style ?? series;
            int[] shown = [.. Enumerable.Range(0, line.Count).Where(i => IsShown(line[i]))];
            svg.Polyline(shown.Select(i => (x.At(Horizontal[i]), y.At(line[i]))), ChartStyle.Stroke(style));
            foreach (int i in shown)
            {
                svg.Marker(
                    style, x.At(Horizontal[i]), y.At(line[i]),
                    $"{Series[series].Name}: {ChartScale.Label(Horizontal[i])}, {ChartScale.Label(line[i])}");
            }
        }

        frame.DrawLegend(svg, Series, frame.Bottom + 58);
        return svg.Finish();
    }

    private bool IsShown(double value) => double.IsFinite(value) && (!IsLogarithmic || value > 0);
}
