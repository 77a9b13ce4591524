using Tessera.Layout;

namespace Tessera.Quantization;

/// <summary>
/// Channel means over the valid slots of a [slots, channels] operand; what the three smoothings share. Sums run in binary64 in ascending
/// slot order.
/// </summary>
internal static class ChannelMeans
{
    private const int StackChannels = 256;

    /// <summary>Means over slots [<paramref name="start"/>, <paramref name="end"/>); zeros when no slot of them is valid.</summary>
    public static void Compute(ReadOnlySpan<float> rows, int channels, TokenOrder? order, int start, int end, Span<float> mean)
    {
        Span<double> sums = channels <= StackChannels ? stackalloc double[channels] : new double[channels];
        sums.Clear();
        int valid = 0;
        for (int slot = start; slot < end; slot++)
        {
            if (order is not null && order.TokenAt(slot) == TokenOrder.Padding)
            {
                continue;
            }

            valid++;
            ReadOnlySpan<float> row = rows.Slice(slot * channels, channels);
            for (int channel = 0; channel < channels; channel++)
            {
                sums[channel] += row[channel];
            }
        }

        for (int channel = 0; channel < channels; channel++)
        {
            mean[channel] = valid == 0 ? 0f : (float)(sums[channel] / valid);
        }
    }

    /// <summary>
    /// Subtracts a mean from valid slots [<paramref name="start"/>, <paramref name="end"/>); padding rows are left alone.
    /// </summary>
    public static void Subtract(Span<float> rows, int channels, TokenOrder? order, int start, int end, ReadOnlySpan<float> mean)
    {
        for (int slot = start; slot < end; slot++)
        {
            if (order is not null && order.TokenAt(slot) == TokenOrder.Padding)
            {
                continue;
            }

            Span<float> row = rows.Slice(slot * channels, channels);
            for (int channel = 0; channel < channels; channel++)
            {
                row[channel] -= mean[channel];
            }
        }
    }

    /// <summary>Checks the sizes of rows and mean; answers the slots.</summary>
    public static int RequireRows(int elements, int channels, TokenOrder? order, int meanLength, int meanRows = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        int slots = elements / channels;
        if (elements % channels != 0 || (order is not null && order.Slots != slots))
        {
            throw new ArgumentException(
                $"rows holds {elements} elements, which is not {(order is null ? "a whole number of" : order.Slots)} "
                    + $"rows of {channels} channels.",
                nameof(elements));
        }

        if (meanLength != (long)meanRows * channels)
        {
            throw new ArgumentException($"The mean holds {meanLength} elements; wanted {meanRows} x {channels}.", nameof(meanLength));
        }

        return slots;
    }
}
