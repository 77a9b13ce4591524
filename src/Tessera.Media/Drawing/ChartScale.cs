using System.Globalization;

namespace Tessera.Media.Drawing;

/// <summary>One axis: data range, pixels and round ticks, linear or logarithmic.</summary>
internal readonly record struct ChartScale
{
    private readonly double _low;
    private readonly double _high;
    private readonly double _from;
    private readonly double _to;

    private ChartScale(double low, double high, double from, double to, bool logarithmic, IReadOnlyList<double> ticks)
    {
        _low = low;
        _high = high;
        _from = from;
        _to = to;
        IsLogarithmic = logarithmic;
        Ticks = ticks;
    }

    /// <summary>Whether equal factors are equal distances.</summary>
    public bool IsLogarithmic { get; }

    /// <summary>Values that get a grid line.</summary>
    public IReadOnlyList<double> Ticks { get; }

    /// <summary>A linear axis from 0 (or the least value when negative) to a round value above the largest.</summary>
    public static ChartScale Linear(IEnumerable<double> values, double from, double to)
    {
        double low = Math.Min(0, values.DefaultIfEmpty(0).Min());
        double high = values.DefaultIfEmpty(1).Max();
        double span = high > low ? high - low : 1;
        double step = RoundStep(span / 5);
        double first = Math.Floor(low / step) * step;
        int count = (int)Math.Ceiling(((low + span) - first) / step - 1e-9);
        double[] ticks = [.. Enumerable.Range(0, count + 1).Select(i => first + (i * step))];
        return new ChartScale(first, ticks[^1], from, to, false, ticks);
    }

    /// <summary>
    /// A logarithmic axis over positive values, with ticks at 1, 2 and 5 in every decade (powers of ten alone over many decades).
    /// </summary>
    public static ChartScale Logarithmic(IEnumerable<double> values, double from, double to)
    {
        double[] positive = [.. values.Where(static value => value > 0)];
        double low = Math.Log10(positive.DefaultIfEmpty(1).Min());
        double high = Math.Log10(positive.DefaultIfEmpty(10).Max());
        double margin = Math.Max(0.08, 0.06 * (high - low));
        (low, high) = (low - margin, high + margin);
        double[] steps = high - low > 3 ? [1] : [1, 2, 5];
        List<double> ticks = [];
        for (int decade = (int)Math.Floor(low); decade <= (int)Math.Ceiling(high); decade++)
        {
            ticks.AddRange(
                steps.Select(step => step * Math.Pow(10, decade)).Where(tick => Math.Log10(tick) >= low && Math.Log10(tick) <= high));
        }

        return new ChartScale(low, high, from, to, true, ticks);
    }

    /// <summary>Pixel of a value.</summary>
    public double At(double value) => _from + (((IsLogarithmic ? Math.Log10(value) : value) - _low) / (_high - _low) * (_to - _from));

    /// <summary>Label of a tick.</summary>
    public static string Label(double value) => Math.Abs(value) switch
    {
        0 => "0",
        >= 0.001 and < 100_000 => value.ToString("0.####", CultureInfo.InvariantCulture),
        _ => value.ToString("0.#e0", CultureInfo.InvariantCulture),
    };

    private static double RoundStep(double raw)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        double share = raw / power;
        return power * (share <= 1 ? 1 : share <= 2 ? 2 : share <= 5 ? 5 : 10);
    }
}
