using Tessera.Attention;
using Tessera.Backends.Reference;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Methods;
using Tessera.Methods.Paro;
using Tessera.Methods.Sparge;
using Tessera.Synthesis;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Methods.Sparge;

public class SpargeMethodTests
{
    private static readonly TokenGrid Grid = new(4, 5, 6, 11, TextPlacement.Front);
    private static readonly StructuredHeads Heads = StructuredHeads.Create(Grid, 7, 16, 21);

    private static PlanningContext Context => new(Grid) { BlockSize = new BlockSize(16, 8) };

    [Theory]
    [InlineData(0.3, -0.1, false, false)]
    [InlineData(0.3, 0.55, true, false)]
    [InlineData(null, 0.4, false, true)]
    [InlineData(null, -0.1, true, true)]
    public void Block_map_is_the_one_of_a_plain_implementation(double? topK, double similarity, bool sink, bool ordered)
    {
        TokenOrder[] orders = ordered ? [TokenOrder.ForAxisOrder(Grid, AxisOrder.Parse("HWF")).PaddedTo(16)] : [];
        SpargeOptions options = new() { TopK = topK, CumulativeMass = 0.8, SelfSimilarity = similarity, AttentionSink = sink, Orders = orders };
        AttentionPlan plan = new SpargeMethod(options).Plan(Heads.Inputs, Context);
        plan.Validate();
        int fix = 0;
        for (int head = 0; head < 7; head++)
        {
            bool[,] wanted = PlainSparge.BlockMap(Heads, head, orders.FirstOrDefault(), plan.Mask.Size, options, out int fixBlocks);
            fix += fixBlocks;
            for (int row = 0; row < plan.Mask.QueryBlocks; row++)
            {
                for (int column = 0; column < plan.Mask.KeyBlocks; column++)
                {
                    Assert.True(wanted[row, column] == (plan.Mask.Coverage(head, row, column) == BlockCoverage.Full), $"head {head} block {row},{column}");
                }
            }
        }

        Assert.Equal(similarity > 0, fix > 0);
        Assert.InRange(plan.Mask.Density, 0.05, 0.95);
    }

    [Fact]
    public void Top_k_without_fix_blocks_has_the_density_it_names()
    {
        AttentionPlan plan = new SpargeMethod(new SpargeOptions { TopK = 0.4, SelfSimilarity = -1 }).Plan(Heads.Inputs, Context);
        Assert.Equal(Math.Floor(0.4 * 17) / 17, plan.Mask.Density, 1e-12);
        Assert.Equal(50, plan.ProbabilitySkipThreshold);
        Assert.Equal("sparge-k0.40", plan.Name);
    }

    [Fact]
    public void Predicted_blocks_hold_more_mass_than_the_same_number_at_random_and_order_helps()
    {
        TokenGrid grid = new(6, 8, 10);
        StructuredHeads heads = StructuredHeads.Create(grid, 4, 32, 5, new StructuredHeadsOptions { Kinds = [HeadKind.Temporal] });
        PlanningContext context = new(grid) { BlockSize = new BlockSize(16, 16) };
        TokenOrder spatialFirst = TokenOrder.ForAxisOrder(grid, AxisOrder.Parse("HWF"));
        ReferenceResult dense = ReferenceAttention.Dense(heads.Inputs);
        double natural = KeptMass(new SpargeMethod(new SpargeOptions { TopK = 0.2 }), heads, context, dense);
        double ordered = KeptMass(new SpargeMethod(new SpargeOptions { TopK = 0.2, Orders = [spatialFirst] }), heads, context, dense);
        Assert.True(natural > 0.3, $"natural order keeps {natural} with 20 % of blocks");
        Assert.True(ordered > natural + 0.1, $"HWF keeps {ordered}, natural order {natural}");
    }

    [Fact]
    public void Orders_of_a_paro_calibration_compose()
    {
        ParoCalibrator calibrator = new(Context, Heads.Shape, new PlainMapReader(), new ParoOptions { Density = 0.3 });
        calibrator.Add(Heads.Inputs);
        AttentionPlan plan = new SpargeMethod(new SpargeOptions { TopK = 0.3, Orders = calibrator.ChooseOrders() }).Plan(Heads.Inputs, Context);
        plan.Validate();
        Assert.Equal(calibrator.ChooseOrders(), plan.Orders);
    }

    [Fact]
    public void Second_stage_at_fifty_changes_nothing_and_at_zero_skips()
    {
        ReferenceResult Run(double? skip) => ReferenceAttention.Compute(new SpargeMethod(new SpargeOptions { ProbabilitySkip = skip }).Plan(Heads.Inputs, Context), Heads.Inputs);
        ReferenceResult off = Run(null);
        ReferenceResult published = Run(50);
        ReferenceResult eager = Run(2);
        Assert.Equal(0, published.ProbabilityTilesSkipped);
        Assert.Equal(off.Output, published.Output);
        Assert.True(eager.ProbabilityTilesSkipped > 0);
    }

    [Fact]
    public void A_ragged_block_is_judged_by_its_own_tokens_and_zero_vectors_are_similar_to_nothing()
    {
        AttentionShape shape = new(1, 1, 18, 18, 16);
        float[] same = new float[18 * 16];
        Array.Fill(same, 0.5f);
        AttentionPlan alike = Plan(shape, same, same);
        Assert.Equal(2.0 / 5, alike.Mask.Density, 1e-12);

        float[] query = (float[])same.Clone();
        query.AsSpan(16 * 16).Clear();
        AttentionPlan zeroTail = Plan(shape, query, same);
        Assert.Equal(5, zeroTail.Mask.KeptInRow(0, 4));
        Assert.Equal(2, zeroTail.Mask.KeptInRow(0, 3));
    }

    [Fact]
    public void Identical_keys_tie_and_ties_go_to_the_lower_index()
    {
        AttentionShape shape = new(2, 1, 40, 40, 16);
        float[] same = new float[2 * 40 * 16];
        Array.Fill(same, 0.25f);
        AttentionPlan plan = Plan(shape, same, same);
        Assert.Equal([0, 1, 2, 3, 4], plan.Mask.FullKeyBlocks(0, 7).ToArray());
    }

    [Fact]
    public void The_largest_of_a_row_are_those_of_a_stable_sort()
    {
        Random random = new(9);
        double[] scratch = new double[300];
        for (int round = 0; round < 400; round++)
        {
            int count = 1 + random.Next(200);
            double[] values = [.. Enumerable.Range(0, count).Select(_ => round % 3 == 0 ? random.Next(5) : round % 7 == 1 ? double.NegativeInfinity : random.NextDouble())];
            int wanted = 1 + random.Next(count + 3);
            ulong[] bits = new ulong[4];
            TopBlocks.Add(values, wanted, scratch, bits);
            int[] stable = [.. Enumerable.Range(0, count).OrderByDescending(index => values[index]).Take(wanted).Order()];
            Assert.Equal(stable, Enumerable.Range(0, count).Where(index => (bits[index / 64] >> (index % 64) & 1) != 0));
        }
    }

    [Fact]
    public void Plans_do_not_depend_on_threads()
    {
        foreach (SpargeOptions options in new[] { new SpargeOptions { TopK = 0.3 }, SpargeOptions.Thresholds })
        {
            AttentionPlan one = new SpargeMethod(options).Plan(Heads.Inputs, Context with { Threads = 1 });
            AttentionPlan many = new SpargeMethod(options).Plan(Heads.Inputs, Context with { Threads = 5 });
            for (int row = 0; row < 7 * one.Mask.QueryBlocks; row++)
            {
                (int head, int block) = Math.DivRem(row, one.Mask.QueryBlocks);
                Assert.Equal(one.Mask.FullKeyBlocks(head, block).ToArray(), many.Mask.FullKeyBlocks(head, block).ToArray());
            }
        }
    }

    [Fact]
    public void Settings_out_of_range_and_orders_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new SpargeMethod(new SpargeOptions { TopK = 0 }).Plan(Heads.Inputs, Context));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SpargeMethod(new SpargeOptions { SelfSimilarity = 2 }).Plan(Heads.Inputs, Context));
        Assert.Throws<ArgumentException>(() => new SpargeMethod(new SpargeOptions { Orders = [TokenOrder.Identity(7)] }).Plan(Heads.Inputs, Context));
    }

    private static AttentionPlan Plan(AttentionShape shape, float[] query, float[] key) =>
        new SpargeMethod(new SpargeOptions { SelfSimilarity = 0.5, SmoothKey = false }).Plan(
            new AttentionInputs(shape, query, key, key), new PlanningContext(new TokenGrid(1, 1, shape.QueryLength)) { BlockSize = new BlockSize(4, 4) });

    private static double KeptMass(SpargeMethod method, StructuredHeads heads, PlanningContext context, ReferenceResult dense)
    {
        ReferenceResult sparse = ReferenceAttention.Compute(method.Plan(heads.Inputs, context), heads.Inputs);
        return sparse.LogSumExp.Zip(dense.LogSumExp, static (kept, all) => Math.Exp(kept - all)).Average();
    }
}
