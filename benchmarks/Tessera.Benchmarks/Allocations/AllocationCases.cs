using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Masks.Mods;
using Tessera.Methods.Flex;
using Tessera.Quantization;

namespace Tessera.Benchmarks.Allocations;

/// <summary>Plans that between them take every path of the CPU backend: formats, masks, orders, padding, functors, log-sum-exp.</summary>
internal static class AllocationCases
{
    private const int Heads = 3;
    private const int HeadDim = 32;

    /// <summary>72 tokens: a last block that is not full, and tiles that need padding.</summary>
    private static readonly TokenGrid Grid = new(3, 4, 6);
    private static readonly TileShape Tile = new(2, 4, 4);
    private static readonly BlockSize Blocks = new(16, 16);
    private static readonly AttentionShape Shape = new(1, Heads, Grid.Tokens, Grid.Tokens, HeadDim);

    public static IReadOnlyList<AllocationCase> All { get; } =
    [
        .. KnownRecipes.All.Select(static recipe => new AllocationCase($"dense {recipe}", Dense with { Recipe = recipe })),
        .. Quick.Select(static recipe => new AllocationCase($"dense {recipe} with log-sum-exp", Dense with { Recipe = recipe }, true)),
        .. Quick.Select(static recipe => new AllocationCase($"sparse {recipe}", Sparse with { Recipe = recipe })),
        .. Quick.Select(static recipe => new AllocationCase($"six orders {recipe}", Ordered with { Recipe = recipe })),
        new("padded tiles fps", Tiled with { Recipe = KnownRecipes.Fps(Tile) }),
        new("second stage of sparge", Sparse with { Recipe = KnownRecipes.Int8, ProbabilitySkipThreshold = 8 }),
        new("sliding window", FlexAttention.Plan(Shape, new SlidingWindow(20), SmallBlocks)),
        new("causal with alibi", FlexAttention.Plan(Shape, new Causal(), new Alibi(Heads), SmallBlocks)),
        new("one scale per tensor", Dense with { Recipe = KnownRecipes.Int8 with { Key = PerTensor, Query = PerTensor } }),
        new("bfloat16 inputs", Ordered with { Recipe = KnownRecipes.Int8 }) { InputFormat = NumberFormat.BFloat16 },
        new("binary16 inputs", Ordered with { Recipe = KnownRecipes.Int8 }) { InputFormat = NumberFormat.Float16 },
        new("rotary embedding", Ordered with { Recipe = KnownRecipes.Int8 }) { Rotary = RotaryEmbedding.ForGrid(Grid, HeadDim) },
        new("batch of two", Dense with { Shape = Shape with { Batch = 2 }, Recipe = KnownRecipes.Int8 }),
    ];

    private static QuantizationRecipe[] Quick => [KnownRecipes.Float32, KnownRecipes.Int8, KnownRecipes.KeyValue4];

    private static OperandFormat PerTensor => new(NumberFormat.Int8, QuantizationGranularity.PerTensor);

    private static AttentionPlan Dense => AttentionPlan.Dense(Shape, Blocks);

    private static AttentionPlan Sparse => Dense with { Mask = Banded(Grid.Tokens) };

    private static AttentionPlan Ordered => Sparse with
    {
        Grid = Grid,
        Orders = [.. Enumerable.Range(0, Heads).Select(static head => TokenOrder.ForAxisOrder(Grid, new AxisOrder(head * 2)))],
    };

    private static AttentionPlan Tiled
    {
        get
        {
            TileLayout layout = TileLayout.ForBlocks(Grid, Tile, Blocks.Query, Blocks.Key);
            return Dense with { Grid = Grid, Orders = [layout.Order], Mask = Banded(layout.Slots) };
        }
    }

    private static FlexOptions SmallBlocks => new() { BlockSize = Blocks };

    /// <summary>The blocks beside the diagonal.</summary>
    private static BlockMask Banded(int slots)
    {
        BlockMaskBuilder builder = new(1, slots, slots, Blocks);
        builder.KeepBand(0, 1);
        return builder.Build();
    }
}
