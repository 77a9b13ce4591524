using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;

namespace Tessera.Attention;

/// <summary>
/// All that a backend needs to know: shape, token order per head, block mask per head, number formats. Nothing about who asked.
/// A method is a paper, a backend is a machine, and a plan is all that passes between them. Immutable and safe to share.
/// </summary>
public sealed record AttentionPlan
{
    /// <summary>Stable name with parameters, for logs, tables and plots; for example <c>paro-d0.20-int8</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Sizes.</summary>
    public required AttentionShape Shape { get; init; }

    /// <summary>Grid of the tokens; needed by scale tiles and by reports.</summary>
    public TokenGrid? Grid { get; init; }

    /// <summary>
    /// Token order per head: empty for natural order, one for all heads, or one per head. All have one slot count. Queries and keys share
    /// it, so orders other than the natural one need equal lengths.
    /// </summary>
    public IReadOnlyList<TokenOrder> Orders { get; init; } = [];

    /// <summary>Kept blocks, in storage order.</summary>
    public required BlockMask Mask { get; init; }

    /// <summary>Number formats.</summary>
    public QuantizationRecipe Recipe { get; init; } = KnownRecipes.Float32;

    /// <summary>Factor of the scores before the softmax; null means 1 / sqrt(HeadDim).</summary>
    public double? Scale { get; init; }

    /// <summary>FlexAttention's score functor, or null.</summary>
    public ScoreModifier? ScoreModifier { get; init; }

    /// <summary>What rows divide by.</summary>
    public SoftmaxNormalization Normalization { get; init; }

    /// <summary>
    /// SpargeAttention's second stage: skip exp and PV of a tile whose row maxima all lie at least this much (log2 units) below the running
    /// maximum. Null is off.
    /// </summary>
    public double? ProbabilitySkipThreshold { get; init; }

    /// <summary>The scale in force.</summary>
    public double EffectiveScale => Scale ?? (1.0 / Math.Sqrt(Shape.HeadDim));

    /// <summary>Order of a head, or null for natural order.</summary>
    public TokenOrder? OrderOf(int head) => Orders.Count switch
    {
        0 => null,
        1 => Orders[0],
        _ => Orders[head],
    };

    /// <summary>The dense, unquantised plan of a shape.</summary>
    public static AttentionPlan Dense(AttentionShape shape, BlockSize? blockSize = null) => new()
    {
        Name = "dense",
        Shape = shape,
        Mask = BlockMask.Dense(shape.QueryLength, shape.KeyLength, blockSize ?? BlockSize.Default),
    };

    /// <summary>Checks that the parts fit together. Backends call it when they compile.</summary>
    /// <exception cref="PlanMismatchException">They do not; the message names both sides.</exception>
    public void Validate()
    {
        AttentionShape shape = Shape;
        Require(
            shape is { Batch: >= 1, Heads: >= 1, QueryLength: >= 1, KeyLength: >= 1, HeadDim: >= 1 and <= AttentionShape.MaximumHeadDim },
            $"shape {shape} needs positive sizes and a head dimension of at most {AttentionShape.MaximumHeadDim}");
        Require(Orders.Count is 0 or 1 || Orders.Count == shape.Heads,
            $"{Orders.Count} token orders do not fit {shape.Heads} heads; wanted none, one or one per head");
        int slots = Orders.Count == 0 ? shape.QueryLength : Orders[0].Slots;
        foreach (TokenOrder order in Orders)
        {
            Require(shape.QueryLength == shape.KeyLength,
                $"token orders need equal query and key lengths, got {shape.QueryLength} and {shape.KeyLength}");
            Require(order.Tokens == shape.QueryLength, $"order {order.Name} has {order.Tokens} tokens, the shape {shape.QueryLength}");
            Require(order.Slots == slots, $"orders have {order.Slots} and {slots} slots; all heads need one slot count");
            Require(!order.IsPadded || order.Alignment % Mask.Size.Key == 0 || order.Alignment % Mask.Size.Query == 0,
                $"padding of order {order.Name} is aligned to {order.Alignment} slots, which blocks of {Mask.Size} do not divide");
        }

        Require(Mask.MaskHeads == 1 || Mask.MaskHeads == shape.Heads, $"the mask has {Mask.MaskHeads} heads, the shape {shape.Heads}");
        int keySlots = Orders.Count == 0 ? shape.KeyLength : slots;
        Require(Mask.QuerySlots == slots && Mask.KeySlots == keySlots,
            $"the mask covers {Mask.QuerySlots} x {Mask.KeySlots} slots, the token orders {slots} x {keySlots}");
        Require(Grid is not { } grid || grid.Tokens == shape.QueryLength,
            $"grid {Grid} has {Grid?.Tokens} tokens, the shape {shape.QueryLength}");
        bool tiled = Recipe.Query.Granularity == QuantizationGranularity.PerTile
            || Recipe.Key.Granularity == QuantizationGranularity.PerTile;
        Require(!tiled || Grid is not null, $"recipe {Recipe} has scales per 3D tile and needs a grid");
        Require(double.IsFinite(EffectiveScale), $"the scale is {EffectiveScale}");
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Shape} density {Mask.Density:0.000} {Recipe}";

    private void Require(bool condition, FormattableString fault)
    {
        if (!condition)
        {
            throw new PlanMismatchException($"Plan '{Name}': {FormattableString.Invariant(fault)}.");
        }
    }
}
