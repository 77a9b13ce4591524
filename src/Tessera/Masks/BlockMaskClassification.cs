using Tessera.Layout;

namespace Tessera.Masks;

/// <summary>
/// FlexAttention's <c>create_block_mask</c> without its N x N matrix: sorts blocks into empty, partial and full from what a functor knows
/// of whole rectangles, and looks at pairs only where it knows nothing.
/// </summary>
public static class BlockMaskClassification
{
    // Beyond this many pairs of runs a block is cheaper to inspect token by token than run by run.
    private const int MostRunPairs = 1024;

    /// <summary>
    /// Marks every block of a head by what <paramref name="predicate"/> allows in it, exactly: full if all valid pairs are visible, empty
    /// if none, partial otherwise. Pass the same predicate to <see cref="BlockMaskBuilder.Build"/>. Memory is O(slots); rows run in
    /// parallel.
    /// </summary>
    /// <param name="builder">The builder; blocks of this head are overwritten.</param>
    /// <param name="head">Head of the builder, and the head index that the predicate sees.</param>
    /// <param name="predicate">The mask functor.</param>
    /// <param name="order">Order of queries and keys; null for natural order, where lengths may differ.</param>
    /// <param name="batches">Batch indices that the mask has to serve; 1 for functors that do not look at the batch.</param>
    /// <param name="cancellationToken">Polled between block rows.</param>
    /// <exception cref="ArgumentException">The order does not fit the builder's slots.</exception>
    public static void KeepAllowed(
        this BlockMaskBuilder builder, int head, MaskPredicate predicate, TokenOrder? order = null, int batches = 1,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(predicate);
        ArgumentOutOfRangeException.ThrowIfLessThan(batches, 1);
        if (order is not null && (order.Slots != builder.QuerySlots || order.Slots != builder.KeySlots))
        {
            throw new ArgumentException(
                $"Order {order.Name} has {order.Slots} slots, the builder {builder.QuerySlots} x {builder.KeySlots}; wanted one count.",
                nameof(order));
        }

        BlockTokens queries = new(builder.QuerySlots, builder.Size.Query, order);
        BlockTokens keys = new(builder.KeySlots, builder.Size.Key, order);
        ParallelOptions options = new() { CancellationToken = cancellationToken };
        Parallel.For(0, builder.QueryBlocks, options, row =>
        {
            for (int column = 0; column < keys.Count; column++)
            {
                BlockCoverage coverage = Classify(predicate, head, batches, queries, row, keys, column);
                builder[head, row, column] = coverage;
            }
        });
    }

    private static BlockCoverage Classify(
        MaskPredicate predicate, int head, int batches, BlockTokens queries, int row, BlockTokens keys, int column)
    {
        if (queries.RunsOf(row).IsEmpty || keys.RunsOf(column).IsEmpty)
        {
            return BlockCoverage.Empty;
        }

        // The smallest rectangle of natural tokens around the block: what holds for it holds for the block.
        TokenRun queryHull = queries.HullOf(row);
        TokenRun keyHull = keys.HullOf(column);
        BlockCoverage hull = predicate.Classify(head, queryHull.Start, queryHull.Count, keyHull.Start, keyHull.Count);
        if (hull != BlockCoverage.Partial)
        {
            return hull;
        }

        BlockCoverage coverage = ClassifyBatch(predicate, 0, head, queries, row, keys, column);
        for (int batch = 1; batch < batches && coverage != BlockCoverage.Partial; batch++)
        {
            coverage = ClassifyBatch(predicate, batch, head, queries, row, keys, column) == coverage ? coverage : BlockCoverage.Partial;
        }

        return coverage;
    }

    private static BlockCoverage ClassifyBatch(
        MaskPredicate predicate, int batch, int head, BlockTokens queries, int row, BlockTokens keys, int column)
    {
        ReadOnlySpan<TokenRun> queryRuns = queries.RunsOf(row);
        ReadOnlySpan<TokenRun> keyRuns = keys.RunsOf(column);
        if (queryRuns.Length * keyRuns.Length > MostRunPairs)
        {
            return predicate.Inspect(batch, head, queries.TokensOf(row), keys.TokensOf(column));
        }

        bool full = false;
        bool empty = false;
        foreach (TokenRun query in queryRuns)
        {
            foreach (TokenRun key in keyRuns)
            {
                BlockCoverage coverage = predicate.Classify(head, query.Start, query.Count, key.Start, key.Count);
                if (coverage == BlockCoverage.Partial)
                {
                    coverage = predicate.Inspect(batch, head, queries.TokensOf(query), keys.TokensOf(key));
                }

                full |= coverage == BlockCoverage.Full;
                empty |= coverage == BlockCoverage.Empty;
                if (coverage == BlockCoverage.Partial || (full && empty))
                {
                    return BlockCoverage.Partial;
                }
            }
        }

        return full ? BlockCoverage.Full : BlockCoverage.Empty;
    }
}
