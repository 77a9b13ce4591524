namespace Tessera.Media.Drawing;

/// <summary>Labelled points over two axes. Labels stand where they cover least; every point also has a tooltip.</summary>
public sealed record ScatterChart
{
    private const double Width = 960;
    private const double Height = 400;
    private const double LabelStep = 14;

    /// <summary>Points. Those that a logarithmic axis cannot show (not positive) are left out.</summary>
    public required IReadOnlyList<ScatterPoint> Points { get; init; }

    /// <summary>What the chart shows, in words.</summary>
    public string Description { get; init; } = "Scatter chart";

    /// <summary>Title of the horizontal axis, with unit.</summary>
    public string HorizontalTitle { get; init; } = string.Empty;

    /// <summary>Title of the vertical axis, with unit.</summary>
    public string VerticalTitle { get; init; } = string.Empty;

    /// <summary>Whether both axes are logarithmic.</summary>
    public bool IsLogarithmic { get; init; }

    /// <summary>A horizontal value to mark by a dashed line, with its label; null for none.</summary>
    public (double X, string Label)? Rule { get; init; }

    /// <summary>Writes the chart.</summary>
    /// <param name="standalone">Whether it is a file of its own; inside a page include <see cref="ChartStyle.Css"/> once.</param>
    public string ToSvg(bool standalone = true)
    {
        ChartFrame frame = new(64, 34, Width - 24, Height - 48);
        ScatterPoint[] shown =
        [
            .. Points.Where(
                point => double.IsFinite(point.X) && double.IsFinite(point.Y) && (!IsLogarithmic || (point.X > 0 && point.Y > 0)))
        ];
        IEnumerable<double> horizontal = shown.Select(static point => point.X).Concat(Rule is { } marked ? [marked.X] : []);
        IEnumerable<double> vertical = shown.Select(static point => point.Y);
        ChartScale x = IsLogarithmic
            ? ChartScale.Logarithmic(horizontal, frame.Left, frame.Right)
            : ChartScale.Linear(horizontal, frame.Left, frame.Right);
        ChartScale y = IsLogarithmic
            ? ChartScale.Logarithmic(vertical, frame.Bottom, frame.Top)
            : ChartScale.Linear(vertical, frame.Bottom, frame.Top);

        SvgCanvas svg = new(Width, Height, Description, standalone);
        frame.DrawHorizontal(svg, x, HorizontalTitle);
        frame.DrawVertical(svg, y, VerticalTitle);
        if (Rule is { } rule)
        {
            bool flip = x.At(rule.X) > Width * 0.7;
            svg.Line(x.At(rule.X), frame.Top, x.At(rule.X), frame.Bottom, "rule");
            svg.Text(x.At(rule.X) + (flip ? -6 : 6), frame.Top + 12, rule.Label, flip ? "end" : "start", "muted");
        }

        foreach (ScatterPoint point in shown)
        {
            svg.Marker(
                point.Series, x.At(point.X), y.At(point.Y), $"{point.Label}: {ChartScale.Label(point.X)}, {ChartScale.Label(point.Y)}");
        }

        DrawLabels(svg, frame, [.. shown.Select(point => (point.Label, x.At(point.X), y.At(point.Y)))]);
        return svg.Finish();
    }

    private static void DrawLabels(SvgCanvas svg, ChartFrame frame, (string Label, double X, double Y)[] points)
    {
        List<(double Left, double Top, double Right, double Bottom)> taken =
            [.. points.Select(static point => (point.X - 6, point.Y - 6, point.X + 6, point.Y + 6))];
        foreach ((string label, double x, double y) in points.OrderBy(static point => point.Y))
        {
            double width = SvgCanvas.WidthOf(label);
            (double X, double Y)[] places =
            [
                (x + 10, y + 4), (x - 10 - width, y + 4), (x - (width / 2), y - 11), (x - (width / 2), y + 20),
                .. Enumerable.Range(1, 6).SelectMany(step => Diagonals(x, y, width, LabelStep * step)),
            ];
            (double X, double Y) best = places.MinBy(place => Cost(place, width, frame, taken));
            taken.Add((best.X, best.Y - 11, best.X + width, best.Y + 3));
            svg.Text(best.X, best.Y, label);
        }
    }

    private static (double X, double Y)[] Diagonals(double x, double y, double width, double shift) =>
        [(x + 10, y + 4 - shift), (x - 10 - width, y + 4 - shift), (x + 10, y + 4 + shift), (x - 10 - width, y + 4 + shift)];

    /// <summary>Covered area plus a heavy price for leaving the frame.</summary>
    private static double Cost(
        (double X, double Y) place, double width, ChartFrame frame, List<(double Left, double Top, double Right, double Bottom)> taken)
    {
        double cost = place.X < frame.Left || place.X + width > frame.Right + 20 || place.Y - 11 < frame.Top || place.Y > frame.Bottom
            ? 1e6
            : 0;
        foreach ((double left, double top, double right, double bottom) in taken)
        {
            cost += Math.Max(0, Math.Min(right, place.X + width) - Math.Max(left, place.X))
                * Math.Max(0, Math.Min(bottom, place.Y + 3) - Math.Max(top, place.Y - 11));
        }

        return cost;
    }
}
