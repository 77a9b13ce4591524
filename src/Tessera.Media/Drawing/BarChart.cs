namespace Tessera.Media.Drawing;

/// <summary>Bars by category: one group a category standing upright, or one stacked bar a category lying on its side.</summary>
public sealed record BarChart
{
    private const double Width = 960;

    /// <summary>Names of the categories.</summary>
    public required IReadOnlyList<string> Categories { get; init; }

    /// <summary>Series, each with one value a category.</summary>
    public required IReadOnlyList<ChartSeries> Series { get; init; }

    /// <summary>What the chart shows, in words.</summary>
    public string Description { get; init; } = "Bar chart";

    /// <summary>Title of the value axis, with unit.</summary>
    public string ValueTitle { get; init; } = string.Empty;

    /// <summary>Whether series are stacked in lying bars instead of standing side by side.</summary>
    public bool IsStacked { get; init; }

    /// <summary>Writes the chart.</summary>
    /// <param name="standalone">Whether it is a file of its own; inside a page include <see cref="ChartStyle.Css"/> once.</param>
    /// <exception cref="ArgumentException">A series has another number of values than there are categories.</exception>
    public string ToSvg(bool standalone = true)
    {
        foreach (ChartSeries series in Series)
        {
            if (series.Values.Count != Categories.Count)
            {
                throw new ArgumentException(
                    $"Series '{series.Name}' has {series.Values.Count} values for {Categories.Count} categories.", nameof(standalone));
            }
        }

        return IsStacked ? Stacked(standalone) : Grouped(standalone);
    }

    private string Grouped(bool standalone)
    {
        ChartFrame frame = new(48, 34, Width - 16, 264);
        ChartScale y = ChartScale.Linear(Series.SelectMany(static series => series.Values).Where(double.IsFinite), frame.Bottom, frame.Top);
        SvgCanvas svg = new(Width, frame.Bottom + 44 + frame.LegendHeight(Series), Description, standalone);
        frame.DrawVertical(svg, y, ValueTitle);
        double group = (frame.Right - frame.Left) / Math.Max(1, Categories.Count);
        double bar = Math.Min(26, group * 0.78 / Math.Max(1, Series.Count));
        for (int category = 0; category < Categories.Count; category++)
        {
            double centre = frame.Left + ((category + 0.5) * group);
            svg.Text(centre, frame.Bottom + 18, Shorten(Categories[category], group), "middle", "muted");
            for (int series = 0; series < Series.Count; series++)
            {
                double value = Series[series].Values[category];
                if (double.IsFinite(value))
                {
                    double left = centre + ((series - (Series.Count / 2.0)) * bar);
                    svg.Rectangle(
                        left + 0.5, y.At(value), bar - 1, frame.Bottom - y.At(value), ChartStyle.Fill(Series[series].Style ?? series),
                        $"{Categories[category]}, {Series[series].Name}: {value:0.000}");
                }
            }
        }

        svg.Line(frame.Left, frame.Bottom, frame.Right, frame.Bottom, "axis");
        frame.DrawLegend(svg, Series, frame.Bottom + 46);
        return svg.Finish();
    }

    private string Stacked(bool standalone)
    {
        const double Row = 28;
        double names = Categories.Select(SvgCanvas.WidthOf).DefaultIfEmpty(0).Max() + 20;
        ChartFrame frame = new(Math.Min(names, 260), 8, Width - 72, 8 + (Row * Categories.Count));
        double[] totals =
            [.. Enumerable.Range(0, Categories.Count).Select(category => Series.Sum(series => Finite(series.Values[category])))];
        ChartScale x = ChartScale.Linear(totals, frame.Left, frame.Right);
        SvgCanvas svg = new(Width, frame.Bottom + 58 + frame.LegendHeight(Series), Description, standalone);
        frame.DrawHorizontal(svg, x, ValueTitle);
        for (int category = 0; category < Categories.Count; category++)
        {
            double top = frame.Top + (category * Row);
            double sum = 0;
            svg.Text(frame.Left - 10, top + (Row / 2) + 4, Shorten(Categories[category], frame.Left - 10), "end");
            for (int series = 0; series < Series.Count; series++)
            {
                double value = Finite(Series[series].Values[category]);
                svg.Rectangle(
                    x.At(sum), top + 5, x.At(sum + value) - x.At(sum), Row - 10, ChartStyle.Fill(Series[series].Style ?? series),
                    $"{Categories[category]}, {Series[series].Name}: {ChartScale.Label(Math.Round(value, 3))}");
                sum += value;
            }

            svg.Text(x.At(sum) + 6, top + (Row / 2) + 4, ChartScale.Label(Math.Round(sum, sum < 10 ? 2 : 1)), "start", "value");
        }

        svg.Line(frame.Left, frame.Top, frame.Left, frame.Bottom, "axis");
        frame.DrawLegend(svg, Series, frame.Bottom + 58);
        return svg.Finish();
    }

    private static double Finite(double value) => double.IsFinite(value) ? value : 0;

    private static string Shorten(string text, double width)
    {
        int room = Math.Max(2, (int)(width / 6.6));
        return text.Length <= room ? text : $"{text.AsSpan(0, room - 1)}…";
    }
}
