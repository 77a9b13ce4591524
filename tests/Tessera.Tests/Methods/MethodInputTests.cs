using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Methods;
using Tessera.Methods.Paro;
using Tessera.Methods.SlidingTile;
using Tessera.Quantization;
using Tessera.Synthesis;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Methods;

/// <summary>Methods plan from what attention will see: widened and turned rows.</summary>
public sealed class MethodInputTests
{
    private static readonly TokenGrid Grid = new(6, 8, 10, 5, TextPlacement.Front);
    private static readonly PlanningContext Context = new(Grid) { BlockSize = new(16, 16) };

    public static TheoryData<string> Methods => ["paro", "svg", "sparge"];

    [Theory]
    [MemberData(nameof(Methods))]
    public void NarrowInputsGiveThePlanOfWideOnes(string method)
    {
        NarrowInputs inputs = new(Heads(), NumberFormat.BFloat16, NumberFormat.Float16, NumberFormat.BFloat16);
        RequireEqual(Plan(method, inputs.Widened), Plan(method, inputs.Inputs));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void RotaryInputsGiveThePlanOfTurnedOnes(string method)
    {
        SeededInputs heads = Heads();
        RotaryEmbedding rotary = RotaryEmbedding.ForGrid(Grid, heads.Shape.HeadDim);
        AttentionPlan wanted = Plan(method, new AttentionInputs(heads.Shape, Turned(heads.Query, rotary), Turned(heads.Key, rotary), heads.Value));
        RequireEqual(wanted, Plan(method, heads.Inputs with { Rotary = rotary }));
    }

    [Fact]
    public void TheWindowSearchSeesTurnedRows()
    {
        SeededInputs heads = Heads();
        RotaryEmbedding rotary = RotaryEmbedding.ForGrid(Grid, heads.Shape.HeadDim);
        TileWindow[] windows = [new(1, 3, 3), new(3, 1, 3), new(3, 3, 1)];
        SlidingTileSearch wanted = new(heads.Shape, Context, new TileShape(2, 2, 4), windows);
        SlidingTileSearch search = new(heads.Shape, Context, new TileShape(2, 2, 4), windows);
        wanted.AddSampled(new AttentionInputs(heads.Shape, Turned(heads.Query, rotary), Turned(heads.Key, rotary), heads.Value));
        search.AddSampled(heads.Inputs with { Rotary = rotary });
        for (int candidate = 0; candidate < windows.Length; candidate++)
        {
            Assert.Equal(wanted.Error(0, candidate), search.Error(0, candidate));
        }
    }

    private static AttentionPlan Plan(string method, in AttentionInputs inputs)
    {
        IAttentionMethod planner = method == "paro"
            ? new ParoMethod(new PlainMapReader(), new ParoOptions { Criterion = ParoCriterion.OutputError })
            : KnownMethods.Create(method, 0.4);
        return planner.Plan(inputs, Context);
    }

    private static SeededInputs Heads()
    {
        SeededInputs inputs = SeededInputs.Normal(new AttentionShape(1, 2, Grid.Tokens, Grid.Tokens, 32));
        StructuredHeads heads = StructuredHeads.Create(Grid, 2, 32, seed: 5);
        heads.Query.CopyTo(inputs.Query.AsSpan());
        heads.Key.CopyTo(inputs.Key.AsSpan());
        heads.Value.CopyTo(inputs.Value.AsSpan());
        return inputs;
    }

    private static float[] Turned(float[] rows, RotaryEmbedding rotary)
    {
        float[] turned = [.. rows];
        for (int row = 0; row < rows.Length / rotary.Channels; row++)
        {
            Span<float> target = turned.AsSpan(row * rotary.Channels, rotary.Channels);
            rotary.Rotate(row % rotary.Tokens, target, target);
        }

        return turned;
    }

    private static void RequireEqual(AttentionPlan wanted, AttentionPlan got)
    {
        Assert.Equal(wanted.Name, got.Name);
        Assert.Equal(wanted.Orders, got.Orders);
        Assert.Equal(wanted.Mask.KeptBlocks, got.Mask.KeptBlocks);
        for (int head = 0; head < wanted.Mask.MaskHeads; head++)
        {
            for (int row = 0; row < wanted.Mask.QueryBlocks; row++)
            {
                Assert.Equal(wanted.Mask.FullKeyBlocks(head, row), got.Mask.FullKeyBlocks(head, row));
            }
        }
    }
}
