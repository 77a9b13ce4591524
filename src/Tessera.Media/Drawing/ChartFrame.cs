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
    public void DrawLegend(SvgCanvas svg, IReadOnlyList<ChartSeries> series, double top)
    {
        double x = Left;
        double y = top;
        for (int i = 0; i < series.Count; i++)
        {
            double width = LegendGap + SvgCanvas.WidthOf(series[i].Name) + 14;
            if (x > Left && x + width > Right)
            {
                x = Left;
                y += 18;
            }

            svg.Marker(series[i].Style ?? i, x + 6, y - 4, series[i].Name);
            svg.Text(x + LegendGap, y, series[i].Name);
            x += width;
        }
    }

    /// <summary>Height that the legend takes.</summary>
    public double LegendHeight(IReadOnlyList<ChartSeries> series)
    {
        double x = Left;
        double height = 18;
        foreach (ChartSeries one in series)
        {
            double width = LegendGap + SvgCanvas.WidthOf(one.Name) + 14;
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
