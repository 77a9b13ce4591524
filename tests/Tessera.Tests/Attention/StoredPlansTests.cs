using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Masks.Mods;
using Tessera.Methods;
using Tessera.Methods.SlidingTile;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Attention;

public sealed class StoredPlansTests
{
    private static readonly TokenGrid Grid = new(5, 6, 7);
    private static readonly AttentionShape Shape = new(1, 3, 210, 210, 24);

    public static TheoryData<string> Recipes => ["none", "int8", "int8-narrow", "sage", "fp8"];

    [Theory]
    [MemberData(nameof(Recipes))]
    public void Stored_tokens_give_the_bits_of_the_natural_plan(string recipe)
    {
        TokenOrder stored = Order("WHF");
        AttentionPlan[] plans =
        [
            Plan([stored]), Plan([stored, stored, stored]), Plan([Order("HWF"), stored, TokenOrder.Identity(Grid.Tokens)]), Plan([]),
            AttentionPlan.Dense(Shape), SlidingTile(),
        ];
        foreach (AttentionPlan plan in plans.Select(plan => plan with { Recipe = KnownRecipes.Parse(recipe) }))
        {
            foreach (TokenOrder order in new[] { stored, Order("HFW") })
            {
                AssertSameBits(plan, order);
            }
        }
    }

    [Fact]
    public void A_plan_in_the_stored_order_needs_none()
    {
        TokenOrder order = Order("HWF");
        Assert.Empty(Plan([order]).StoredIn(order).Orders);
        Assert.Null((Plan([order]) with { Grid = Grid }).StoredIn(order).Grid);
        AttentionPlan natural = Plan([]);
        Assert.Same(natural, natural.StoredIn(TokenOrder.Identity(Grid.Tokens)));
    }

    [Fact]
    public void Schedules_share_an_order_only_when_all_their_plans_do()
    {
        TokenOrder order = Order("HWF");
        AttentionPlan dense = AttentionPlan.Dense(Shape);
        Assert.Equal(order, Shared(Plan([order])));
        Assert.Equal(order, Shared(Plan([order]), Plan([Order("HWF"), order, order]), dense));
        Assert.Null(Shared(dense));
        Assert.Null(Shared(Plan([order]), Plan([])));
        Assert.Null(Shared(Plan([order]), Plan([Order("FWH")])));
        Assert.Null(Shared(Plan([order, order, Order("FWH")])));
        Assert.Null(Shared(Plan([TokenOrder.Identity(Grid.Tokens)])));
        Assert.Null(Shared(Plan([order]) with { ScoreModifier = ScoreModifier.Of(new SoftCap(3)) }));
        Assert.Null(Shared(Plan([order]) with { Grid = Grid, Recipe = KnownRecipes.Fps(new TileShape(1, 2, 2)) }));
    }

    [Fact]
    public void Padded_orders_are_shared_without_their_padding()
    {
        AttentionPlan plan = SlidingTile();
        TokenOrder padded = plan.Orders[0];
        Assert.True(padded.IsPadded);
        TokenOrder shared = Shared(plan)!;
        Assert.False(shared.IsPadded);
        Assert.Equal(padded.TokenAtSlot.ToArray().Where(static token => token != TokenOrder.Padding), shared.TokenAtSlot.ToArray());

        // Stored so, rows are read one after the other.
        TokenOrder rows = plan.StoredIn(shared).Orders[0];
        Assert.Equal(Enumerable.Range(0, Grid.Tokens), rows.TokenAtSlot.ToArray().Where(static row => row != TokenOrder.Padding));
    }

    [Fact]
    public void Plans_that_look_at_tokens_keep_the_natural_order()
    {
        TokenOrder order = Order("HWF");
        AttentionPlan plan = Plan([order]);
        Assert.Throws<ArgumentException>(() => plan.StoredIn(order.PaddedTo(64)));
        Assert.Throws<ArgumentException>(() => plan.StoredIn(TokenOrder.Identity(5)));
        string message = Assert.Throws<PlanMismatchException>(
            () => (plan with { ScoreModifier = ScoreModifier.Of(new SoftCap(3)) }).StoredIn(order)).Message;
        Assert.Contains("soft-cap-3", message, StringComparison.Ordinal);
    }

    private static void AssertSameBits(AttentionPlan plan, TokenOrder order)
    {
        SeededInputs inputs = SeededInputs.Biased(Shape);
        RotaryEmbedding rotary = RotaryEmbedding.ForGrid(Grid, Shape.HeadDim);
        float[] expected = new float[inputs.Query.Length];
        float[] actual = new float[expected.Length];
        using (IAttentionKernel kernel = CpuBackend.Shared.Compile(plan))
        {
            _ = kernel.Run(inputs.Inputs with { Rotary = rotary }, View(expected));
        }

        using (IAttentionKernel kernel = CpuBackend.Shared.Compile(plan.StoredIn(order)))
        {
            AttentionInputs moved = new(Shape, Moved(inputs.Query, order), Moved(inputs.Key, order), Moved(inputs.Value, order));
            _ = kernel.Run(moved with { Rotary = rotary.InOrder(order) }, View(actual));
        }

        NumericAssert.BitwiseEqual(Moved(expected, order), actual);
    }

    private static TensorSpan<float> View(float[] values) => new(values, [Shape.Batch, Shape.Heads, Shape.QueryLength, Shape.HeadDim]);

    private static float[] Moved(float[] heads, TokenOrder order)
    {
        float[] moved = new float[heads.Length];
        int size = Shape.QueryLength * Shape.HeadDim;
        for (int head = 0; head < Shape.Heads; head++)
        {
            for (int row = 0; row < order.Tokens; row++)
            {
                heads.AsSpan((head * size) + (order.TokenAt(row) * Shape.HeadDim), Shape.HeadDim)
                    .CopyTo(moved.AsSpan((head * size) + (row * Shape.HeadDim)));
            }
        }

        return moved;
    }

    private static TokenOrder? Shared(params AttentionPlan[] plans) =>
        StoredPlans.SharedOrder(PlanSchedule.ByStepsAndLayers("test", [plans]));

    private static TokenOrder Order(string name) => TokenOrder.ForAxisOrder(Grid, AxisOrder.Parse(name));

    private static AttentionPlan Plan(TokenOrder[] orders)
    {
        BlockMaskBuilder builder = new(Shape.Heads, Grid.Tokens, Grid.Tokens, new BlockSize(64, 64));
        for (int head = 0; head < Shape.Heads; head++)
        {
            builder.KeepBand(head, head == 2 ? 1 : 0);
            builder.KeepColumn(head, 3 - head);
        }

        return AttentionPlan.Dense(Shape, new BlockSize(64, 64)) with { Name = "banded", Mask = builder.Build(), Orders = orders };
    }

    private static AttentionPlan SlidingTile()
    {
        TileLayout layout = TileLayout.ForBlocks(Grid, new TileShape(2, 4, 4), 32, 32);
        PlanningContext context = new(Grid) { BlockSize = new BlockSize(32, 32) };
        return SlidingTileMethod.Plan(Shape, context, layout, [new TileWindow(1, 3, 1)]);
    }
}
