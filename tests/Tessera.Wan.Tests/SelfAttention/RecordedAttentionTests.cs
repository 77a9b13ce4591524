using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;
using Tessera.TestKit;
using Tessera.Wan.SelfAttention;
using Tessera.Wan.Tests.Transformer;
using Tessera.Wan.Transformer;
using Xunit;

namespace Tessera.Wan.Tests.SelfAttention;

/// <summary>Plans in the recorded transformers: attention does not depend on the order of tokens.</summary>
public sealed class RecordedAttentionTests
{
    /// <summary>What the recording calls reachable in binary32; it allows 1e-4.</summary>
    private const double Tolerance = 2e-5;

    /// <summary>What 8-bit Q and K alone cost the output by the recording's own table; P and V are 8-bit here as well.</summary>
    private const double RecordedInt8Error = 1.9e-2;

    private const string Recording = "wan/dit_tiny/io.safetensors";

    private static readonly string[] Models = ["dit_tiny", "dit_hd128"];

    [DataFact(Recording, isFixture: true)]
    public void Every_axis_order_gives_the_recorded_output() => Array.ForEach(Models, MeetsInEveryOrder);

    [DataFact(Recording, isFixture: true)]
    public void Eight_bits_cost_what_the_recording_says() => Array.ForEach(Models, CostsAsRecorded);

    private static void MeetsInEveryOrder(string name)
    {
        using TransformerFixture fixture = new(name);
        using TransformerContext text = fixture.Text();
        TokenGrid grid = WanTransformer.GridOf(fixture.Shape);
        TokenOrder[] orders = [.. AxisOrder.All.Select(order => TokenOrder.ForAxisOrder(grid, order))];
        foreach (TokenOrder order in orders)
        {
            Meets([order]);
        }

        // Heads with orders of their own, as PARO has them.
        Meets([.. Enumerable.Range(0, fixture.Config.Heads).Select(head => orders[(head + 1) % orders.Length])]);
        TileLayout layout = TileLayout.ForBlocks(grid, new TileShape(2, 3, 4), 16, 16);
        Meets([layout.Order]);

        void Meets(TokenOrder[] chosen)
        {
            AttentionShape shape = new(1, fixture.Config.Heads, grid.Tokens, grid.Tokens, fixture.Config.HeadDim);
            AttentionPlan plan = new()
            {
                Name = "dense",
                Shape = shape,
                Grid = grid,
                Orders = chosen,
                Mask = BlockMask.Dense(chosen[0].Slots, chosen[0].Slots, new BlockSize(16, 16)),
            };
            using ScheduledSelfAttention attention = new(PlanSchedule.Constant(plan), TinyTransformer.Kernels);
            RecordedStages stages = new();
            Golden.Close(fixture.Io.Tensor("output"), fixture.Velocity(text, attention, stages), Tolerance);
            if (attention.StorageOrder(grid) is null)
            {
                Golden.Close(
                    fixture.Io.Tensor("mid.block0.self_attn.attn"), stages[TransformerStage.SelfAttention, 0], Tolerance);
            }
        }
    }

    private static void CostsAsRecorded(string name)
    {
        using TransformerFixture fixture = new(name);
        using TransformerContext text = fixture.Text();
        TokenGrid grid = WanTransformer.GridOf(fixture.Shape);
        using SelfAttentionSession session = TinyTransformer.Factory.Create(
            new SelfAttentionOptions { Method = "dense", Recipe = KnownRecipes.Int8, ComparesDense = true }, fixture.Config, grid, 1);
        double error = Golden.LargestDifference(fixture.Io.ReadSingle("output"), fixture.Velocity(text, session.Attention));
        Assert.InRange(error, Tolerance, 2 * RecordedInt8Error);
        Assert.All(session.Deviations!.Layers, layer => Assert.InRange(layer.Error.Cosine, 0.999, 1));
    }
}
