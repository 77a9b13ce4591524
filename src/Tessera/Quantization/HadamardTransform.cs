using System.Numerics;
using System.Numerics.Tensors;

namespace Tessera.Quantization;

/// <summary>
/// The signed orthonormal Walsh-Hadamard transform of channels: y = H diag(s) x / sqrt(n), n a power of two. It spreads outlier channels
/// over
/// all channels before quantisation; since it is orthogonal, (T q) . (T k) = q . k and attention does not change (FlashAttention-3's
/// incoherent processing, arXiv 2407.08608, section 3.3).
/// </summary>
/// <remarks>
/// Channels that are no power of two are padded with zeros to the next one, so codes have <see cref="PaddedChannels"/> columns. The signs
/// are
/// fixed: sign i is bit i mod 64 of output floor(i / 64) of SplitMix64 seeded with 0 (a set bit is -1), the same for Q and K, all heads,
/// all
/// lengths. Butterflies run in binary32 with half-widths 1, 2, 4, ...; the factor 1 / sqrt(n) is applied last. Any vector width gives the
/// same bits.
/// </remarks>
public static class HadamardTransform
{
    /// <summary>Channels after padding: the next power of two.</summary>
    public static int PaddedChannels(int channels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        return (int)BitOperations.RoundUpToPowerOf2((uint)channels);
    }

    /// <summary>The sign of a channel: 1 or -1.</summary>
    public static int Sign(int channel) => (SignWord(channel >> 6) >> (channel & 63) & 1) == 0 ? 1 : -1;

    /// <summary>Transforms rows whose channel count is a power of two, in place.</summary>
    /// <param name="rows">[rows, channels], row-major.</param>
    /// <param name="channels">Channels of a row; a power of two.</param>
    /// <exception cref="ArgumentException">The channels are no power of two or do not divide the length.</exception>
    public static void Apply(Span<float> rows, int channels)
    {
        if (channels < 1 || !BitOperations.IsPow2(channels))
        {
            throw new ArgumentException(
                $"{channels} channels are not a power of two; pad rows to {PaddedChannels(Math.Max(1, channels))} first.",
                nameof(channels));
        }

        if (rows.Length % channels != 0)
        {
            throw new ArgumentException(
                $"rows holds {rows.Length} elements, which is not a whole number of rows of {channels} channels.", nameof(rows));
        }

        Span<float> signs = channels <= 1024 ? stackalloc float[channels] : new float[channels];
        for (int channel = 0; channel < channels; channel++)
        {
            signs[channel] = Sign(channel);
        }

        float factor = (float)(1 / Math.Sqrt(channels));
        for (int start = 0; start < rows.Length; start += channels)
        {
            Span<float> row = rows.Slice(start, channels);
            TensorPrimitives.Multiply(row, signs, row);
            for (int half = 1; half < channels; half *= 2)
            {
                Butterflies(row, half);
            }

            TensorPrimitives.Multiply(row, factor, row);
        }
    }

    /// <summary>Pads rows with zeros to the next power of two and transforms them.</summary>
    /// <param name="source">[rows, channels], row-major.</param>
    /// <param name="channels">Channels of a source row.</param>
    /// <param name="destination">[rows, PaddedChannels(channels)], row-major.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void Apply(ReadOnlySpan<float> source, int channels, Span<float> destination)
    {
        int padded = PaddedChannels(channels);
        int rows = source.Length / channels;
        if (source.Length % channels != 0 || destination.Length != (long)rows * padded)
        {
            throw new ArgumentException(
                $"source holds {source.Length} and destination {destination.Length} elements; wanted rows of {channels} and of {padded}.",
                nameof(destination));
        }

        for (int row = 0; row < rows; row++)
        {
            Span<float> target = destination.Slice(row * padded, padded);
            source.Slice(row * channels, channels).CopyTo(target);
            target[channels..].Clear();
        }

        Apply(destination, padded);
    }

    private static void Butterflies(Span<float> row, int half)
    {
        for (int start = 0; start < row.Length; start += 2 * half)
        {
            Span<float> low = row.Slice(start, half);
            Span<float> high = row.Slice(start + half, half);
            for (int i = 0; i < half; i++)
            {
                float sum = low[i] + high[i];
                high[i] = low[i] - high[i];
                low[i] = sum;
            }
        }
    }

    // Output number `word` of SplitMix64 from seed 0 (Steele, Lea and Flood, OOPSLA 2014).
    private static ulong SignWord(int word)
    {
        ulong z = unchecked(((ulong)word + 1) * 0x9E3779B97F4A7C15);
        z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9);
        z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EB);
        return z ^ (z >> 31);
    }
}
