using Tessera.Layout;

namespace Tessera.Quantization;

/// <summary>
/// SageAttention's K smoothing: subtract from K its channel mean over the valid tokens of a head. Every score of a row then falls by the
/// same
/// q . mean, so the softmax does not change (under any mask); only the log-sum-exp needs <see cref="LogSumExpCorrection"/> added back.
/// </summary>
/// <remarks>SageAttention, arXiv 2410.02367, section 4.2.</remarks>
public static class KeySmoothing
{
    /// <summary>Channel means of K over valid tokens, summed in binary64 in ascending slot order and rounded once.</summary>
    /// <param name="keys">[slots, channels], row-major, in storage order.</param>
    /// <param name="channels">Channels of a row.</param>
    /// <param name="order">Token order; null for natural order without padding.</param>
    /// <param name="mean">Receives the channel means.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void Mean(ReadOnlySpan<float> keys, int channels, TokenOrder? order, Span<float> mean) =>
        ChannelMeans.Compute(keys, channels, order, 0, ChannelMeans.RequireRows(keys.Length, channels, order, mean.Length), mean);

    /// <summary>Subtracts the mean from every valid row, in binary32.</summary>
    /// <param name="keys">[slots, channels], row-major, in storage order; changed in place. Padding rows are left alone.</param>
    /// <param name="channels">Channels of a row.</param>
    /// <param name="order">Token order; null for natural order without padding.</param>
    /// <param name="mean">Channel means.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void Subtract(Span<float> keys, int channels, TokenOrder? order, ReadOnlySpan<float> mean) =>
        ChannelMeans.Subtract(keys, channels, order, 0, ChannelMeans.RequireRows(keys.Length, channels, order, mean.Length), mean);

    /// <summary>What to add to a row's log-sum-exp over smoothed keys: scale * (q . mean), q unquantised.</summary>
    /// <param name="query">One query row.</param>
    /// <param name="mean">Channel means of K.</param>
    /// <param name="scale">Softmax scale.</param>
    public static double LogSumExpCorrection(ReadOnlySpan<float> query, ReadOnlySpan<float> mean, double scale)
    {
        double dot = 0;
        for (int channel = 0; channel < mean.Length; channel++)
        {
            dot += (double)query[channel] * mean[channel];
        }

        return scale * dot;
    }
}
