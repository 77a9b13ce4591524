using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Masks.Mods;

namespace Tessera.Methods.Flex;

/// <summary>
/// FlexAttention's interface: give a mask functor, a score functor or both, get a plan that any backend runs. Blocks are sorted into empty,
/// partial and full from what functors know of whole rectangles; no N x N matrix is formed, and there is nothing to compile.
/// </summary>
/// <remarks>
/// FlexAttention: A Programming Model for Generating Optimized Attention Kernels, arXiv 2412.05496. Names correspond: <c>mask_mod</c> is
/// <see cref="IMaskMod"/>, <c>score_mod</c> <see cref="IScoreMod"/>, <c>create_block_mask</c> <see cref="CreateBlockMask{TMask}"/>,
/// <c>and_masks</c> and
/// <c>or_masks</c> are <see cref="And{TFirst, TSecond}"/> and <see cref="Or{TFirst, TSecond}"/>, <c>noop_mask</c> is
/// <see cref="Everything"/>.
/// </remarks>
/// <example><code>
/// AttentionPlan plan = FlexAttention.Plan(shape, new And&lt;Causal, SlidingWindow&gt;(new(), new(Radius: 1024)), new SoftCap(50));
/// using IAttentionKernel attention = backend.Compile(plan);
/// </code></example>
public static class FlexAttention
{
    /// <summary>Citation and departures, as methods describe themselves.</summary>
    public static MethodDescription Description { get; } = new(
        "FlexAttention",
        "FlexAttention: A Programming Model for Generating Optimized Attention Kernels, MLSys 2025, arXiv 2412.05496",
        "mask and score functors of the caller",
        [
            "Functors are structs instead of traced functions: they are specialised by the compiler, carry their parameters, "
                + "and name themselves.",
            "Block lists are compressed by row, so memory follows density; FlexAttention's index tensors are as wide as the map.",
            "Lists are shared by the batch; a mask that looks at the batch gets partial blocks where batches differ.",
            "Functors see natural tokens in any storage order, so a tiled or Morton variant is an option and not another functor.",
            "Query and key heads are equal in number; repeat K and V heads for grouped-query attention.",
        ]);

    /// <summary>Sorts the blocks of a mask functor into empty, partial and full (<c>create_block_mask</c>).</summary>
    /// <param name="maskMod">The functor.</param>
    /// <param name="heads">Heads with lists of their own; 1 for functors that do not look at the head.</param>
    /// <param name="queryLength">Query tokens.</param>
    /// <param name="keyLength">Key tokens.</param>
    /// <param name="blockSize">Tokens per block; null means 64 x 64.</param>
    /// <param name="order">Storage order; null for natural order. Needs equal lengths.</param>
    /// <param name="batches">Batch indices to serve; 1 for functors that do not look at the batch.</param>
    /// <param name="cancellationToken">Polled between block rows.</param>
    /// <exception cref="ArgumentException">The order does not fit the lengths.</exception>
    public static BlockMask CreateBlockMask<TMask>(
        TMask maskMod, int heads, int queryLength, int keyLength, BlockSize? blockSize = null, TokenOrder? order = null, int batches = 1,
        CancellationToken cancellationToken = default)
        where TMask : struct, IMaskMod
    {
        if (order is not null && (order.Tokens != queryLength || order.Tokens != keyLength))
        {
            throw new ArgumentException(
                $"Order {order.Name} has {order.Tokens} tokens, the map {queryLength} x {keyLength}; an order needs equal lengths.",
                nameof(order));
        }

        MaskPredicate predicate = MaskPredicate.Of(maskMod);
        BlockMaskBuilder builder = new(heads, order?.Slots ?? queryLength, order?.Slots ?? keyLength, blockSize ?? BlockSize.Default);
        for (int head = 0; head < heads; head++)
        {
            builder.KeepAllowed(head, predicate, order, batches, cancellationToken);
        }

        return builder.Build(predicate);
    }

    /// <summary>The plan of a mask functor.</summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="maskMod">Which pairs are visible.</param>
    /// <param name="options">The rest; null for the defaults.</param>
    /// <param name="cancellationToken">Polled between block rows.</param>
    public static AttentionPlan Plan<TMask>(
        AttentionShape shape, TMask maskMod, FlexOptions? options = null, CancellationToken cancellationToken = default)
        where TMask : struct, IMaskMod => Plan(shape, maskMod, default(Unchanged), options, cancellationToken);

    /// <summary>The plan of a mask functor and a score functor.</summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="maskMod">Which pairs are visible; <see cref="Everything"/> for all.</param>
    /// <param name="scoreMod">Changes scores after scaling and before the softmax; <see cref="Unchanged"/> for none.</param>
    /// <param name="options">The rest; null for the defaults.</param>
    /// <param name="cancellationToken">Polled between block rows.</param>
    public static AttentionPlan Plan<TMask, TScore>(
        AttentionShape shape, TMask maskMod, TScore scoreMod, FlexOptions? options = null, CancellationToken cancellationToken = default)
        where TMask : struct, IMaskMod
        where TScore : struct, IScoreMod
    {
        options ??= new FlexOptions();
        bool changes = typeof(TScore) != typeof(Unchanged);
        return new AttentionPlan
        {
            Name = options.Name ?? (changes ? $"flex-{maskMod}-{scoreMod}" : $"flex-{maskMod}"),
            Shape = shape,
            Grid = options.Grid,
            Orders = options.Order is { IsIdentity: false } order ? [order] : [],
            Mask = CreateBlockMask(
                maskMod, options.PerHead ? shape.Heads : 1, shape.QueryLength, shape.KeyLength, options.BlockSize,
                options.Order is { IsIdentity: false } ? options.Order : null, options.PerBatch ? shape.Batch : 1, cancellationToken),
            Recipe = options.Recipe,
            Scale = options.Scale,
            ScoreModifier = changes ? ScoreModifier.Of(scoreMod) : null,
        };
    }
}
