using Tessera.Layout;

namespace Tessera.Quantization;

/// <summary>
/// V smoothing: subtract from V its channel mean over the valid tokens of a head and add it back to O. Exact when the weights of a row sum
/// to
/// one, which they do when the denominator sums the quantised probabilities (<see cref="SoftmaxDenominator.Quantized"/>). Rows without a
/// visible key stay 0: nothing is added to them.
/// </summary>
/// <remarks>SageAttention2, arXiv 2411.10958, section 3.4; the mean here runs over valid tokens only, never over padding.</remarks>
public static class ValueSmoothing
{
    /// <summary>Channel means of V over valid tokens, summed in binary64 in ascending slot order and rounded once.</summary>
    /// <param name="values">[slots, channels], row-major, in storage order.</param>
    /// <param name="channels">Channels of a row.</param>
    /// <param name="order">Token order; null for natural order without padding.</param>
    /// <param name="mean">Receives the channel means.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void Mean(ReadOnlySpan<float> values, int channels, TokenOrder? order, Span<float> mean) =>
        ChannelMeans.Compute(values, channels, order, 0, ChannelMeans.RequireRows(values.Length, channels, order, mean.Length), mean);

    /// <summary>Subtracts the mean from every valid row, in binary32.</summary>
    /// <param name="values">[slots, channels], row-major, in storage order; changed in place. Padding rows are left alone.</param>
    /// <param name="channels">Channels of a row.</param>
    /// <param name="order">Token order; null for natural order without padding.</param>
    /// <param name="mean">Channel means.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void Subtract(Span<float> values, int channels, TokenOrder? order, ReadOnlySpan<float> mean) =>
        ChannelMeans.Subtract(values, channels, order, 0, ChannelMeans.RequireRows(values.Length, channels, order, mean.Length), mean);

    /// <summary>Adds the mean back to one output row.</summary>
    /// <param name="row">One output row; changed in place.</param>
    /// <param name="mean">Channel means of V.</param>
    public static void AddBack(Span<float> row, ReadOnlySpan<float> mean)
    {
        for (int channel = 0; channel < mean.Length; channel++)
        {
            row[channel] += mean[channel];
        }
    }
}
