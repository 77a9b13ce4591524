namespace Tessera.Media.Heads;

/// <summary>
/// Rotary-like position features of one axis of one head: pairs (cos w p, sin w p) at octave frequencies w = 2^m pi / E of an axis of E
/// tokens, all with one amplitude a, so that a pair of tokens at distance d loses sum_m a (1 - cos(w_m d)) nats. Near d = 0 that is d^2 /
/// (2 reach^2); the lowest frequency makes half a turn over the axis, so nothing wraps around.
/// </summary>
/// <remarks>
/// With m frequencies, a = 3 E^2 / (pi^2 reach^2 (4^m - 1)). A head uses as many frequencies as leave a at <see cref="SmallestAmplitude"/>
/// nats or above: few frequencies reach deep but spend large numbers, many stay small but level off early.
/// </remarks>
internal readonly struct PositionFeatures
{
    /// <summary>Nats below which another octave would make far tokens too visible.</summary>
    public const double SmallestAmplitude = 3;

    private readonly float[] _table;
    private readonly int _channels;

    /// <summary>Makes the features of an axis.</summary>
    /// <param name="extent">Tokens of the axis.</param>
    /// <param name="reach">Standard deviation in tokens; infinity turns the axis off.</param>
    /// <param name="frequencies">Octaves that have channels.</param>
    public PositionFeatures(int extent, double reach, int frequencies)
    {
        _channels = 2 * frequencies;
        _table = new float[extent * _channels];
        (double amplitude, int used) = AmplitudeOf(extent, reach, frequencies);
        double root = Math.Sqrt(amplitude);
        for (int position = 0; position < extent && amplitude > 0; position++)
        {
            for (int m = 0; m < used; m++)
            {
                (double sine, double cosine) = Math.SinCos(Math.PI * (1 << m) * position / extent);
                _table[(position * _channels) + (2 * m)] = (float)(root * cosine);
                _table[(position * _channels) + (2 * m) + 1] = (float)(root * sine);
            }
        }
    }

    /// <summary>
    /// Square root of nats at each channel of a position; the scalar product of two positions is their share of the logit.
    /// </summary>
    public ReadOnlySpan<float> At(int position) => _table.AsSpan(position * _channels, _channels);

    /// <summary>Amplitude in nats of each used frequency, and how many are used.</summary>
    public static (double Amplitude, int Used) AmplitudeOf(int extent, double reach, int frequencies)
    {
        if (extent == 1 || double.IsPositiveInfinity(reach))
        {
            return (0, 0);
        }

        double single = 3.0 * extent * extent / (Math.PI * Math.PI * reach * reach);
        for (int used = frequencies; used > 1; used--)
        {
            double amplitude = single / ((1 << (2 * used)) - 1);
            if (amplitude >= SmallestAmplitude)
            {
                return (amplitude, used);
            }
        }

        return (single / 3, 1);
    }
}
