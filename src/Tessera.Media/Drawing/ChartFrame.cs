namespace Tessera.Media.Drawing;

/// <summary>The plot area between the axes, with grid lines, tick labels, titles and the legend.</summary>
internal readonly record struct ChartFrame(double Left, double Top, double Right, double Bottom)
{
    private const double LegendGap = 18;

    /// <summary>Grid and labels of the vertical axis.</summary>
    public void DrawVertical(SvgCanvas svg, ChartScale scale, string title)
    {
        foreach (double tick in scale.Ticks)
        {
            svg.Line(Left, scale.At(tick), Right, scale.At(tick), "grid");
            svg.Text(Left - 8, scale.At(tick) + 4, ChartScale.Label(tick), "end", "muted");
        }

        // Upright above the axis: nobody has to turn the head.
        svg.Text(Math.Max(4, Left - 44), Top - 12, title, "start", "muted");
    }

    /// <summary>Grid and labels of the horizontal axis.</summary>
    public void DrawHorizontal(SvgCanvas svg, ChartScale scale, string title)
    {
        foreach (double tick in scale.Ticks)
        {
            svg.Line(scale.At(tick), Top, scale.At(tick), Bottom, "grid");
            svg.Text(scale.At(tick), Bottom + 18, ChartScale.Label(tick), "middle", "muted");
        }

        svg.Text(Right, Bottom + 36, title, "end", "muted");
    }

    /// <summary>Names of the series, wrapped, from a given height on.</summary>
    public void DrawLegend(SvgCanvas svg, IReadOnlyList<string> names, double top)
    {
        double x = Left;
        double y = top;
        for (int series = 0; series < names.Count; series++)
        {
            double width = LegendGap + SvgCanvas.WidthOf(names[series]) + 14;
            if (x > Left && x + width > Right)
            {
                x = Left;
                y += 18;
            }

            svg.Marker(series, x + 6, y - 4, names[series]);
            svg.Text(x + LegendGap, y, names[series]);
            x += width;
        }
    }

    /// <summary>Height that the legend takes.</summary>
    public double LegendHeight(IReadOnlyList<string> names)
    {
        double x = Left;
        double height = 18;
        foreach (string name in names)
        {
            double width = LegendGap + SvgCanvas.WidthOf(name) + 14;
            if (x > Left && x + width > Right)
            {
                x = Left;
                height += 18;
            }

            x += width;
        }

        return height;
    }
}
