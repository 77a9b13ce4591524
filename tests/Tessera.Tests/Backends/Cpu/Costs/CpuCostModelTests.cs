using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Backends.Cpu.Costs;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Masks.Mods;
using Tessera.Quantization;
using Xunit;

namespace Tessera.Tests.Backends.Cpu.Costs;

public sealed class CpuCostModelTests
{
    private static readonly CpuOptions OneThread = new() { Threads = 1, InstructionSet = CpuInstructionSet.Vector128 };

    [Fact]
    public void A_score_costs_rows_times_keys_times_steps_and_nothing_else()
    {
        CpuCostModel model = CostConstants.Model(OneThread, 0, (CostTerm.ScoreProduct, 1e-9));

        CostEstimate estimate = model.Predict(AttentionPlan.Dense(new AttentionShape(2, 3, 256, 512, 32)));

        Assert.Equal(2 * 3 * 256 * 512 * 32 * 1e-9, estimate.Scores, 1e-9);
        Assert.Equal(estimate.Scores, estimate.Seconds, 1e-12);
    }

    [Fact]
    public void Stages_add_up_term_by_term()
    {
        AttentionPlan plan = Scattered(1024, 64, 0.3) with { Recipe = KnownRecipes.Int8Narrow };
        (CostTerm, double)[] terms =
        [
            (CostTerm.Tile, 1e-6), (CostTerm.ScoreProduct, 1e-11), (CostTerm.Score, 1e-10), (CostTerm.OutputProduct, 2e-11),
            (CostTerm.PackSlot, 1e-7), (CostTerm.RowBlock, 1e-9),
        ];

        double together = CostConstants.Model(OneThread, 0, terms).Predict(plan).Seconds;
        double apart = terms.Sum(term => CostConstants.Model(OneThread, 0, term).Predict(plan).Seconds);

        Assert.Equal(apart, together, apart * 1e-12);
    }

    [Fact]
    public void Time_grows_with_density_and_length()
    {
        CpuCostModel model = CostConstants.Plausible();
        foreach (QuantizationRecipe recipe in (ReadOnlySpan<QuantizationRecipe>)[KnownRecipes.Float32, KnownRecipes.Int8, KnownRecipes.Float8])
        {
            double before = 0;
            foreach (double density in (ReadOnlySpan<double>)[0.05, 0.1, 0.2, 0.4, 0.6, 0.8])
            {
                double seconds = model.Predict(Scattered(2048, 64, density) with { Recipe = recipe }).Seconds;
                Assert.True(seconds > before, $"{recipe} at density {density} is predicted as {seconds} s, {before} s at the density before.");
                before = seconds;
            }

            before = 0;
            foreach (int length in (ReadOnlySpan<int>)[100, 1000, 2000, 3000, 5000])
            {
                double seconds = model.Predict(Scattered(length, 64, 0.5) with { Recipe = recipe }).Seconds;
                Assert.True(seconds > before, $"{recipe} at length {length} is predicted as {seconds} s, {before} s at the length before.");
                before = seconds;
            }
        }
    }

    // One tile of 128 rows sees 16 blocks, seven see one; on two threads the large one decides.
    [Fact]
    public void One_heavy_tile_keeps_its_thread_busy_to_the_end()
    {
        BlockMaskBuilder builder = new(1, 1024, 1024, new BlockSize(128, 64));
        for (int row = 0; row < builder.QueryBlocks; row++)
        {
            builder.Keep(0, row, row);
        }

        builder.KeepRow(0, 3);
        AttentionPlan plan = AttentionPlan.Dense(new AttentionShape(1, 1, 1024, 1024, 64)) with { Mask = builder.Build() };

        CostEstimate estimate = CostConstants.Model(CostConstants.TwoThreads, 0, (CostTerm.Score, 1e-9)).Predict(plan);

        const double Block = 128 * 64 * 1e-9;
        Assert.Equal(23 * Block / 2, estimate.Softmax, 1e-12);
        Assert.Equal(16 * Block, estimate.Attend, 1e-12);
        Assert.Equal(16 * Block - (23 * Block / 2), estimate.Imbalance, 1e-12);
    }

    [Fact]
    public void Heads_of_unequal_density_are_handed_out_by_work_and_not_by_head()
    {
        BlockMaskBuilder builder = new(4, 1024, 1024, BlockSize.Default);
        for (int row = 0; row < builder.QueryBlocks; row++)
        {
            builder.KeepRange(0, row, 0, 16);
            for (int head = 1; head < 4; head++)
            {
                builder.Keep(head, row, (row + head) % 16);
            }
        }

        AttentionPlan plan = AttentionPlan.Dense(new AttentionShape(1, 4, 1024, 1024, 64)) with { Mask = builder.Build() };

        CostEstimate estimate = CostConstants.Model(CostConstants.TwoThreads, 0, (CostTerm.Score, 1e-9)).Predict(plan);

        Assert.InRange(estimate.Imbalance / estimate.Attend, 0, 0.05);
    }

    [Fact]
    public void More_threads_share_the_work()
    {
        AttentionPlan plan = Scattered(4096, 64, 0.25);
        double one = CostConstants.Plausible(OneThread).Predict(plan).Seconds;
        double two = CostConstants.Plausible(CostConstants.TwoThreads).Predict(plan).Seconds;

        Assert.InRange(one / two, 1.9, 2.0);
    }

    [Fact]
    public void Partial_blocks_cost_their_predicate_for_each_pair()
    {
        BlockMaskBuilder builder = new(1, 256, 256, BlockSize.Default);
        for (int row = 0; row < 4; row++)
        {
            builder.KeepRange(0, row, 0, row);
            builder[0, row, row] = BlockCoverage.Partial;
        }

        AttentionPlan plan = AttentionPlan.Dense(new AttentionShape(1, 1, 256, 256, 64)) with
        {
            Mask = builder.Build(MaskPredicate.Of(new Causal())),
        };

        CostEstimate estimate = CostConstants.Model(OneThread, 0, (CostTerm.Score, 0)).Predict(plan);

        Assert.Equal(4 * 64 * 64 * 3e-9, estimate.Hide, 1e-12);
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(65, 130, 3)]
    [InlineData(257, 63, 80)]
    [InlineData(100, 1000, 256)]
    public void Odd_shapes_have_a_finite_time(int queries, int keys, int dim)
    {
        foreach (QuantizationRecipe recipe in KnownRecipes.All)
        {
            AttentionPlan plan = AttentionPlan.Dense(new AttentionShape(1, 2, queries, keys, dim), new BlockSize(48, 40)) with { Recipe = recipe };

            double seconds = CostConstants.Plausible().Predict(plan).Seconds;

            Assert.True(double.IsFinite(seconds) && seconds > 0, $"{recipe}: {seconds}");
        }
    }

    [Fact]
    public void Rows_without_a_kept_block_still_cost_their_store()
    {
        BlockMaskBuilder builder = new(1, 256, 256, BlockSize.Default);
        AttentionPlan plan = AttentionPlan.Dense(new AttentionShape(1, 1, 256, 256, 64)) with { Mask = builder.Build() };

        CostEstimate estimate = CostConstants.Plausible().Predict(plan);

        Assert.True(estimate.Rows > 0);
        Assert.Equal(0, estimate.Scores);
    }

    [Fact]
    public void Orders_with_padding_are_counted_in_slots()
    {
        TokenOrder padded = TokenOrder.Identity(200).PaddedTo(64);
        AttentionPlan plan = new()
        {
            Name = "padded",
            Shape = new AttentionShape(1, 1, 200, 200, 64),
            Orders = [padded],
            Mask = BlockMask.Dense(padded.Slots, padded.Slots, BlockSize.Default),
        };

        CostEstimate estimate = CostConstants.Model(OneThread, 0, (CostTerm.Score, 1e-9)).Predict(plan);

        Assert.Equal(256 * 256 * 1e-9, estimate.Seconds, 1e-12);
    }

    [Fact]
    public void Constants_without_the_recipe_are_refused_with_the_remedy()
    {
        CpuCostModel model = CostConstants.Plausible();
        AttentionPlan plan = Scattered(256, 64, 1) with { Recipe = KnownRecipes.Int8 with { Hadamard = true, Name = "other" } };

        Assert.False(model.Knows(plan));
        InvalidOperationException refusal = Assert.Throws<InvalidOperationException>(() => model.Predict(plan));
        Assert.Contains("Hadamard", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(CpuCostModel.ForThisMachine), refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Plans_that_do_not_fit_together_are_refused()
    {
        AttentionPlan plan = Scattered(256, 64, 1) with { Shape = new AttentionShape(1, 1, 300, 300, 64) };

        Assert.Throws<PlanMismatchException>(() => CostConstants.Plausible().Predict(plan));
    }

    private static AttentionPlan Scattered(int length, int dim, double density) =>
        AttentionPlan.Dense(new AttentionShape(1, 1, length, length, dim)) with
        {
            Name = "scattered",
            Mask = ScatteredMask.Of(length, length, BlockSize.Default, density),
        };
}
