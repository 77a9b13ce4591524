using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Backends.Reference;
using Tessera.Fidelity;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Methods;
using Tessera.Methods.SparseVideoGen;
using Tessera.Synthesis;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Methods;

public sealed class SparseVideoGenMethodTests
{
    [Fact]
    public void Heads_are_told_apart()
    {
        TokenGrid grid = new(13, 12, 20);
        HeadKind[] kinds = [HeadKind.Spatial, HeadKind.Temporal, HeadKind.Temporal, HeadKind.Spatial];
        StructuredHeads heads = StructuredHeads.Create(grid, 4, 32, seed: 3, new StructuredHeadsOptions { Kinds = kinds });
        foreach (SparseVideoGenVariant variant in new[] { SparseVideoGenVariant.Wan, SparseVideoGenVariant.Hunyuan })
        {
            foreach (IAttentionMapReader? reader in new IAttentionMapReader?[] { null, CpuMapReader.Shared })
            {
                SparseVideoGenMethod method = new(new SparseVideoGenOptions { Variant = variant }, reader);
                VideoHeadKind[] found = method.Classify(heads.Inputs, new PlanningContext(grid));
                Assert.Equal([VideoHeadKind.Spatial, VideoHeadKind.Temporal, VideoHeadKind.Temporal, VideoHeadKind.Spatial], found);
            }
        }
    }

    [Fact]
    public void The_right_kind_loses_less_than_the_wrong_one()
    {
        TokenGrid grid = new(9, 8, 12);
        StructuredHeads heads = StructuredHeads.Create(grid, 2, 32, seed: 11, new StructuredHeadsOptions { Kinds = [HeadKind.Spatial, HeadKind.Temporal] });
        SparseVideoGenMethod method = new(new SparseVideoGenOptions { Density = 0.5 });
        PlanningContext context = new(grid) { BlockSize = new(16, 16) };
        double[] dense = ReferenceAttention.Dense(heads.Inputs).Output;
        double right = Error(method.Plan(heads.Inputs, context));
        double wrong = Error(method.Plan(heads.Shape, context, [VideoHeadKind.Temporal, VideoHeadKind.Spatial]));
        Assert.True(right < 0.5 * wrong, $"relative L2 {right} with the classified kinds, {wrong} with the opposite ones");

        double Error(AttentionPlan plan) => AttentionError.Compare(dense, ReferenceAttention.Compute(plan, heads.Inputs).Output).RelativeL2;
    }

    [Fact]
    public void Equal_calls_give_equal_plans()
    {
        TokenGrid grid = new(5, 9, 10, 7, TextPlacement.Front);
        SeededInputs inputs = SeededInputs.Normal(new AttentionShape(1, 6, grid.Tokens, grid.Tokens, 16));
        SparseVideoGenMethod method = new();
        PlanningContext context = new(grid) { Step = new StepContext(3, 50, 7, 30) };
        AttentionPlan first = method.Plan(inputs.Inputs, context);
        AttentionPlan second = method.Plan(inputs.Inputs, context);
        Assert.Equal(first.Orders, second.Orders);
        Assert.Equal(first.Name, second.Name);
    }

    // The error of a kind is that of masked attention itself: here every row is compared with the reference under the profiling mask.
    [Fact]
    public void Sampled_errors_are_those_of_masked_attention()
    {
        TokenGrid grid = new(4, 9, 10, 5, TextPlacement.Back);
        AttentionShape shape = new(2, 2, grid.Tokens, grid.Tokens, 24);
        SeededInputs inputs = SeededInputs.Biased(shape);
        int[] rows = [0, 17, 100, 359, 360];
        double scale = 1 / Math.Sqrt(24);
        double[] errors = SampledAttention.Read(
            inputs.Inputs, scale, [.. Enumerable.Repeat(rows, 4)], 2,
            (query, classes) =>
            {
                for (int key = 0; key < classes.Length; key++)
                {
                    classes[key] = (query + key) % 3 == 0 ? 1 : 0;
                }
            },
            static (_, sample) => sample.MeanSquaredError(static (_, kind) => kind == 1),
            CancellationToken.None);
        for (int index = 0; index < 4; index++)
        {
            double expected = 0;
            foreach (int row in rows)
            {
                double[] all = Row(inputs, index, row, scale, static (_, _) => true);
                double[] kept = Row(inputs, index, row, scale, static (query, key) => (query + key) % 3 == 0);
                expected += all.Zip(kept, static (x, y) => (x - y) * (x - y)).Sum() / (rows.Length * 24);
            }

            Assert.InRange(errors[index] / expected, 0.9999, 1.0001);
        }
    }

    // Two independent computations of the same errors: one by classes of keys with plain loops, one by masks with a reader.
    [Theory]
    [InlineData(TextPlacement.Front, 64)]
    [InlineData(TextPlacement.Back, 100)]
    [InlineData(TextPlacement.None, 64)]
    public void A_reader_finds_the_errors_that_plain_loops_find(TextPlacement text, int sampled)
    {
        TokenGrid grid = new(5, 17, 24, text == TextPlacement.None ? 0 : 37, text);
        SeededInputs inputs = SeededInputs.Biased(new AttentionShape(2, 2, grid.Tokens, grid.Tokens, 24));
        VideoHeadClassifier classifier = new(grid, new SparseVideoGenOptions(), sink: text == TextPlacement.None);
        Random random = new(4);
        int[][] rows = [.. Enumerable.Range(0, 4).Select(_ => Enumerable.Range(0, sampled).Select(_ => grid.VideoStart + random.Next(grid.VideoTokens)).ToArray())];
        double scale = 1 / Math.Sqrt(24);
        (double Spatial, double Temporal)[] plain = classifier.Sample(inputs.Inputs, scale, rows, CancellationToken.None);
        (double Spatial, double Temporal)[] read = classifier.Read(inputs.Inputs, scale, rows, CpuMapReader.Shared, CancellationToken.None);
        for (int index = 0; index < 4; index++)
        {
            Assert.InRange(read[index].Spatial / plain[index].Spatial, 0.9999, 1.0001);
            Assert.InRange(read[index].Temporal / plain[index].Temporal, 0.9999, 1.0001);
        }
    }

    [Fact]
    public void What_a_grid_decides_is_made_once_and_never_served_to_another_grid()
    {
        SparseVideoGenMethod method = new(new SparseVideoGenOptions { Density = 0.5 }, CpuMapReader.Shared);
        BlockMask[] masks = [.. new[] { new TokenGrid(4, 8, 8), new TokenGrid(4, 8, 8), new TokenGrid(8, 8, 4), new TokenGrid(4, 8, 8) }.Select(Mask)];
        Assert.Same(masks[0], masks[1]);
        Assert.NotSame(masks[1], masks[2]);
        Assert.Equal(masks[0].FullKeyBlocks(0, 3).ToArray(), masks[3].FullKeyBlocks(0, 3).ToArray());

        BlockMask Mask(TokenGrid grid) =>
            method.Plan(SeededInputs.Normal(new AttentionShape(1, 1, 256, 256, 16)).Inputs, new PlanningContext(grid) { BlockSize = new(16, 16) }).Mask;
    }

    [Theory]
    [InlineData(0.2)]
    [InlineData(0.3)]
    [InlineData(0.6)]
    [InlineData(1.0)]
    public void The_band_meets_the_density_from_below(double density)
    {
        foreach (TokenGrid grid in new[] { new TokenGrid(21, 30, 52), new TokenGrid(13, 30, 45, 226, TextPlacement.Front), new TokenGrid(33, 20, 30, 256, TextPlacement.Back) })
        {
            double computed = new SparseVideoGenMethod(new SparseVideoGenOptions { Density = density }).BandMask(grid, BlockSize.Default).Density;
            Assert.InRange(computed, density - 0.01, density);
        }
    }

    // w = L (1 - sqrt(1 - d)) tokens on either side cover d of the map; the sink of one frame among 21 comes on top.
    [Fact]
    public void The_published_band_leaves_out_the_sink()
    {
        TokenGrid grid = new(21, 45, 80);
        SparseVideoGenOptions options = new() { Density = 0.3, BandRule = BandRule.Published, Variant = SparseVideoGenVariant.Hunyuan };
        Assert.InRange(new SparseVideoGenMethod(options).BandMask(grid, BlockSize.Default).Density, 0.300, 0.303);
        Assert.InRange(new SparseVideoGenMethod(options with { Variant = SparseVideoGenVariant.Wan }).BandMask(grid, BlockSize.Default).Density, 0.330, 0.340);
    }

    [Fact]
    public void The_mask_is_a_band_with_text_or_a_sink()
    {
        TokenGrid text = new(4, 8, 8, 40, TextPlacement.Front);
        BlockMask hunyuan = new SparseVideoGenMethod(new SparseVideoGenOptions { Density = 0.7 }).BandMask(text, new BlockSize(16, 16));
        TokenGrid plain = new(4, 8, 8);
        BlockMask wan = new SparseVideoGenMethod(new SparseVideoGenOptions { Density = 0.7 }).BandMask(plain, new BlockSize(16, 16));
        for (int block = 0; block < hunyuan.QueryBlocks; block++)
        {
            Assert.Equal(BlockCoverage.Full, hunyuan.Coverage(0, block, 2));
            Assert.Equal(BlockCoverage.Full, hunyuan.Coverage(0, 2, block));
            Assert.Equal(BlockCoverage.Full, hunyuan.Coverage(0, block, block));
        }

        for (int block = 0; block < wan.QueryBlocks; block++)
        {
            Assert.Equal(BlockCoverage.Full, wan.Coverage(0, block, 3));
            Assert.Equal(BlockCoverage.Full, wan.Coverage(0, block, block));
        }

        Assert.Equal(BlockCoverage.Empty, wan.Coverage(0, 0, wan.KeyBlocks - 1));
        Assert.Equal(BlockCoverage.Empty, hunyuan.Coverage(0, 3, hunyuan.KeyBlocks - 1));
    }

    [Fact]
    public void First_steps_and_layers_run_dense()
    {
        TokenGrid grid = new(4, 8, 8);
        SeededInputs inputs = SeededInputs.Normal(new AttentionShape(1, 2, grid.Tokens, grid.Tokens, 16));
        SparseVideoGenMethod method = new(new SparseVideoGenOptions { FirstStepsDense = 0.2, FirstLayersDense = 0.03 });
        Assert.Equal(1, Density(new StepContext(9, 50, 5, 40)));
        Assert.Equal(1, Density(new StepContext(20, 50, 0, 40)));
        Assert.True(Density(new StepContext(10, 50, 1, 40)) <= 0.3);

        double Density(StepContext step) => method.Plan(inputs.Inputs, new PlanningContext(grid) { Step = step, BlockSize = new(16, 16) }).Mask.Density;
    }

    private static double[] Row(SeededInputs inputs, int index, int query, double scale, Func<int, int, bool> visible)
    {
        int tokens = inputs.Shape.KeyLength;
        int dim = inputs.Shape.HeadDim;
        double[] output = new double[dim];
        double sum = 0;
        for (int key = 0; key < tokens; key++)
        {
            if (!visible(query, key))
            {
                continue;
            }

            double score = 0;
            for (int c = 0; c < dim; c++)
            {
                score += scale * inputs.Query[(((index * tokens) + query) * dim) + c] * inputs.Key[(((index * tokens) + key) * dim) + c];
            }

            double weight = Math.Exp(score);
            sum += weight;
            for (int c = 0; c < dim; c++)
            {
                output[c] += weight * inputs.Value[(((index * tokens) + key) * dim) + c];
            }
        }

        return [.. output.Select(value => value / sum)];
    }
}
