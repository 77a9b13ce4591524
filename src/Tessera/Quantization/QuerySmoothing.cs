using Tessera.Layout;

namespace Tessera.Quantization;

/// <summary>
/// SageAttention2's Q smoothing: subtract from Q its channel mean per block of queries, and add the rank-1 term mean(Q) . k back to the
/// scores
/// of the block's rows: q . k = (q - mean) . k + mean . k. The first product uses codes; the second uses the unquantised (smoothed) keys,
/// one
/// value per query block and key.
/// </summary>
/// <remarks>SageAttention2, arXiv 2411.10958, section 3.1. Blocks are the query blocks of the plan's mask.</remarks>
public static class QuerySmoothing
{
    /// <summary>Channel means of Q per block over valid tokens; zeros for a block of padding.</summary>
    /// <param name="queries">[slots, channels], row-major, in storage order.</param>
    /// <param name="channels">Channels of a row.</param>
    /// <param name="blockSlots">Slots of a query block.</param>
    /// <param name="order">Token order; null for natural order without padding.</param>
    /// <param name="means">Receives [ceil(slots / blockSlots), channels].</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void Means(ReadOnlySpan<float> queries, int channels, int blockSlots, TokenOrder? order, Span<float> means)
    {
        int slots = RequireBlocks(queries.Length, channels, blockSlots, order, means.Length);
        for (int start = 0, block = 0; start < slots; start += blockSlots, block++)
        {
            int end = Math.Min(start + blockSlots, slots);
            ChannelMeans.Compute(queries, channels, order, start, end, means.Slice(block * channels, channels));
        }
    }

    /// <summary>Subtracts from every valid row the mean of its block, in binary32.</summary>
    /// <param name="queries">[slots, channels], row-major, in storage order; changed in place. Padding rows are left alone.</param>
    /// <param name="channels">Channels of a row.</param>
    /// <param name="blockSlots">Slots of a query block.</param>
    /// <param name="order">Token order; null for natural order without padding.</param>
    /// <param name="means">[ceil(slots / blockSlots), channels].</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void Subtract(Span<float> queries, int channels, int blockSlots, TokenOrder? order, ReadOnlySpan<float> means)
    {
        int slots = RequireBlocks(queries.Length, channels, blockSlots, order, means.Length);
        for (int start = 0, block = 0; start < slots; start += blockSlots, block++)
        {
            int end = Math.Min(start + blockSlots, slots);
            ChannelMeans.Subtract(queries, channels, order, start, end, means.Slice(block * channels, channels));
        }
    }

    private static int RequireBlocks(int elements, int channels, int blockSlots, TokenOrder? order, int meanLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(blockSlots, 1);
        return ChannelMeans.RequireRows(elements, channels, order, meanLength, CeilingDivision.Of(elements / channels, blockSlots));
    }
}
