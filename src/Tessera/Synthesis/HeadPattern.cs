using Tessera.Layout;

namespace Tessera.Synthesis;

/// <summary>
/// The locality kernel of one synthetic head. Without content, noise and text, the logit of a pair of video tokens at offsets (df, dh, dw)
/// is the sum of <see cref="LogWeight"/> over the three axes, up to a constant per row; attention mass is its softmax.
/// </summary>
/// <remarks>
/// Along a local axis the kernel is a mix of cosines, k (cos(w_j d) - 1) summed over a few geometric frequencies, the shape that rotary
/// positions give. It is Gaussian with standard deviation equal to the reach near d = 0, and levels off near -<see cref="Depth"/> far away.
/// </remarks>
public sealed class HeadPattern
{
    /// <summary>Log units that the kernel of one local axis falls from d = 0 to its far average.</summary>
    public const double Depth = 8;

    private readonly double[][] _frequencies;

    internal HeadPattern(HeadKind kind, TokenGrid grid, double frameReach, double heightReach, double widthReach, int frequencies)
    {
        Kind = kind;
        FrameReach = frameReach;
        HeightReach = heightReach;
        WidthReach = widthReach;
        _frequencies =
        [
            Frequencies(frameReach, grid.Frames, frequencies),
            Frequencies(heightReach, grid.Height, frequencies),
            Frequencies(widthReach, grid.Width, frequencies),
        ];
    }

    /// <summary>Kind of the head.</summary>
    public HeadKind Kind { get; }

    /// <summary>Standard deviation of the kernel in frames; infinite for a spread axis.</summary>
    public double FrameReach { get; }

    /// <summary>Standard deviation of the kernel in rows; infinite for a spread axis.</summary>
    public double HeightReach { get; }

    /// <summary>Standard deviation of the kernel in columns; infinite for a spread axis.</summary>
    public double WidthReach { get; }

    /// <summary>Standard deviation of the kernel along an axis in tokens; infinite for a spread axis.</summary>
    public double Reach(GridAxis axis) => axis switch
    {
        GridAxis.Frame => FrameReach,
        GridAxis.Height => HeightReach,
        _ => WidthReach,
    };

    /// <summary>Logarithm of the kernel along one axis at a distance in tokens: 0 at distance 0 and for spread axes.</summary>
    public double LogWeight(GridAxis axis, int distance)
    {
        double[] frequencies = _frequencies[(int)axis];
        double log = 0;
        foreach (double frequency in frequencies)
        {
            log += Depth / frequencies.Length * (Math.Cos(frequency * distance) - 1);
        }

        return log;
    }

    /// <summary>Kernel sum over an axis as seen from its middle: how many tokens share the mass along it.</summary>
    internal double EffectiveExtent(TokenGrid grid, GridAxis axis)
    {
        int extent = grid.Extent(axis);
        double sum = 0;
        for (int i = 0; i < extent; i++)
        {
            sum += Math.Exp(LogWeight(axis, i - (extent / 2)));
        }

        return sum;
    }

    /// <summary>Angular frequencies of an axis; empty for a spread axis.</summary>
    internal ReadOnlySpan<double> FrequenciesOf(GridAxis axis) => _frequencies[(int)axis];

    /// <inheritdoc/>
    public override string ToString() =>
        FormattableString.Invariant($"{Kind} (reach {Show(FrameReach)} x {Show(HeightReach)} x {Show(WidthReach)})");

    private static string Show(double reach) =>
        double.IsPositiveInfinity(reach) ? "all" : reach.ToString("0.0", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>
    /// Geometric frequencies w_0 / r^j whose mix has curvature 1 / reach^2 at 0 and whose slowest member does not repeat within the axis.
    /// </summary>
    private static double[] Frequencies(double reach, int extent, int count)
    {
        if (double.IsPositiveInfinity(reach))
        {
            return [];
        }

        double ratio = 2;
        double fastest = 0;
        for (int pass = 0; pass < 4; pass++)
        {
            double squares = 0;
            for (int j = 0; j < count; j++)
            {
                squares += Math.Pow(ratio, -2 * j);
            }

            fastest = Math.Min(Math.PI, 1 / (reach * Math.Sqrt(Depth / count * squares)));
            ratio = Math.Max(2, Math.Pow(fastest * extent / Math.PI, 1.0 / (count - 1)));
        }

        double[] frequencies = new double[count];
        for (int j = 0; j < count; j++)
        {
            frequencies[j] = fastest * Math.Pow(ratio, -j);
        }

        return frequencies;
    }
}
