using Tessera.Attention;
using Tessera.Backends.Reference;
using Tessera.Fidelity;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Backends.Reference;

/// <summary>The specification checked against the textbook: two-pass softmax over explicit pairs, closed forms, and invariants.</summary>
public sealed class ReferenceAttentionTests
{
    [Theory]
    [InlineData(1, 1, 16)]
    [InlineData(65, 63, 40)]
    [InlineData(130, 130, 64)]
    public void Dense_equals_the_two_pass_softmax(int queries, int keys, int dim)
    {
        SeededInputs inputs = SeededInputs.Normal(new AttentionShape(2, 2, queries, keys, dim));

        ReferenceResult actual = ReferenceAttention.Dense(inputs.Inputs);

        (double[] output, double[] logSumExp) = TwoPass(inputs, (_, _) => true);
        AssertClose(output, actual.Output);
        AssertClose(logSumExp, actual.LogSumExp);
    }

    [Fact]
    public void Equal_scores_give_the_mean_of_the_values()
    {
        SeededInputs inputs = SeededInputs.Normal(new AttentionShape(1, 1, 7, 33, 16));
        Array.Clear(inputs.Query);

        ReferenceResult actual = ReferenceAttention.Dense(inputs.Inputs);

        for (int d = 0; d < 16; d++)
        {
            double mean = Enumerable.Range(0, 33).Average(key => (double)inputs.Value[(key * 16) + d]);
            Assert.Equal(mean, actual.Output[d], 12);
        }

        Assert.Equal(Math.Log(33), actual.LogSumExp[0], 12);
    }

    [Fact]
    public void A_common_order_of_queries_and_keys_changes_nothing()
    {
        TokenGrid grid = new(3, 4, 5, 6, TextPlacement.Front);
        SeededInputs inputs = SeededInputs.Normal(new AttentionShape(1, 6, grid.Tokens, grid.Tokens, 24));
        AttentionPlan dense = AttentionPlan.Dense(inputs.Shape, new BlockSize(16, 16));
        AttentionPlan ordered = dense with { Orders = [.. AxisOrder.All.Select(order => TokenOrder.ForAxisOrder(grid, order))] };

        ReferenceResult expected = ReferenceAttention.Compute(dense, inputs.Inputs);
        ReferenceResult actual = ReferenceAttention.Compute(ordered, inputs.Inputs);

        AssertClose(expected.Output, actual.Output);
        AssertClose(expected.LogSumExp, actual.LogSumExp);
    }

    [Fact]
    public void Padding_slots_never_count()
    {
        SeededInputs inputs = SeededInputs.Normal(new AttentionShape(1, 1, 21, 21, 16));
        int[] slots = [.. Enumerable.Range(0, 48).Select(slot => slot % 16 < 7 ? ((slot / 16) * 7) + (slot % 16) : TokenOrder.Padding)];
        TokenOrder order = new(slots, "sevens", 16);
        AttentionPlan plan = new()
        {
            Name = "padded",
            Shape = inputs.Shape,
            Orders = [order],
            Mask = BlockMask.Dense(48, 48, new BlockSize(16, 16)),
        };

        ReferenceResult actual = ReferenceAttention.Compute(plan, inputs.Inputs);

        AssertClose(ReferenceAttention.Dense(inputs.Inputs).Output, actual.Output);
    }

    [Fact]
    public void A_block_mask_equals_the_masked_softmax_and_an_empty_row_is_zero()
    {
        SeededInputs inputs = SeededInputs.Normal(new AttentionShape(1, 2, 70, 70, 16));
        BlockMaskBuilder builder = new(2, 70, 70, new BlockSize(16, 16));
        builder.Keep(0, 0, 3);
        builder.KeepRow(0, 2);
        builder.KeepColumn(1, 4);
        AttentionPlan plan = new() { Name = "blocks", Shape = inputs.Shape, Mask = builder.Build() };

        ReferenceResult actual = ReferenceAttention.Compute(plan, inputs.Inputs);

        (double[] output, double[] logSumExp) = TwoPass(inputs, (head, pair) => plan.Mask.Coverage(head, pair.Query / 16, pair.Key / 16) == BlockCoverage.Full);
        AssertClose(output, actual.Output);
        AssertClose(logSumExp, actual.LogSumExp);
        Assert.All(actual.Output.AsSpan(20 * 16, 16).ToArray(), value => Assert.Equal(0, value));
        Assert.Equal(double.NegativeInfinity, actual.LogSumExp[20]);
    }

    [Fact]
    public void Partial_blocks_ask_the_mask_functor_and_scores_the_score_functor()
    {
        SeededInputs inputs = SeededInputs.Normal(new AttentionShape(1, 1, 40, 40, 16));
        BlockMaskBuilder builder = new(1, 40, 40, new BlockSize(16, 16));
        for (int row = 0; row < 3; row++)
        {
            for (int column = 0; column <= row; column++)
            {
                builder[0, row, column] = column < row ? BlockCoverage.Full : BlockCoverage.Partial;
            }
        }

        AttentionPlan plan = new()
        {
            Name = "causal",
            Shape = inputs.Shape,
            Mask = builder.Build(MaskPredicate.Of(default(LowerTriangle))),
            ScoreModifier = ScoreModifier.Of(new Distance(0.125f)),
        };

        ReferenceResult actual = ReferenceAttention.Compute(plan, inputs.Inputs);

        (double[] output, _) = TwoPass(inputs, (_, pair) => pair.Query >= pair.Key, (score, pair) => (float)score - (0.125f * (pair.Query - pair.Key)));
        AssertClose(output, actual.Output, 1e-6);
    }

    [Fact]
    public void Not_renormalising_scales_each_row_by_its_kept_mass()
    {
        SeededInputs inputs = SeededInputs.Normal(new AttentionShape(1, 1, 64, 64, 16));
        BlockMaskBuilder builder = new(1, 64, 64, new BlockSize(16, 16));
        for (int row = 0; row < 4; row++)
        {
            builder.Keep(0, row, row);
            builder.Keep(0, row, 0);
        }

        AttentionPlan on = new() { Name = "on", Shape = inputs.Shape, Mask = builder.Build() };
        AttentionPlan off = on with { Normalization = SoftmaxNormalization.WholeRow };
        ReferenceResult dense = ReferenceAttention.Dense(inputs.Inputs);

        ReferenceResult kept = ReferenceAttention.Compute(on, inputs.Inputs);
        ReferenceResult whole = ReferenceAttention.Compute(off, inputs.Inputs);

        for (int i = 0; i < whole.Output.Length; i++)
        {
            double mass = Math.Exp(kept.LogSumExp[i / 16] - dense.LogSumExp[i / 16]);
            Assert.Equal(mass * kept.Output[i], whole.Output[i], 12);
        }
    }

    [Fact]
    public void Skipping_probability_tiles_far_below_the_maximum_changes_little_and_counts_them()
    {
        SeededInputs inputs = SeededInputs.Normal(new AttentionShape(1, 1, 64, 64, 16));
        for (int i = 0; i < inputs.Query.Length; i++)
        {
            inputs.Query[i] *= 8;
        }

        AttentionPlan plan = AttentionPlan.Dense(inputs.Shape, new BlockSize(1, 4)) with { ProbabilitySkipThreshold = 20 };

        ReferenceResult skipping = ReferenceAttention.Compute(plan, inputs.Inputs);

        AttentionError error = AttentionError.Compare(ReferenceAttention.Dense(inputs.Inputs).Output, skipping.Output);
        Assert.True(skipping.ProbabilityTilesSkipped > 0);
        Assert.InRange(error.Maximum, 0, 64 * Math.Pow(2, -20) * 10);
    }

    [Fact]
    public void A_plan_that_does_not_fit_is_refused_with_both_sides_named()
    {
        AttentionPlan plan = AttentionPlan.Dense(new AttentionShape(1, 1, 64, 64, 16)) with { Grid = new TokenGrid(2, 3, 4) };

        PlanMismatchException fault = Assert.Throws<PlanMismatchException>(plan.Validate);

        Assert.Contains("24", fault.Message, StringComparison.Ordinal);
        Assert.Contains("64", fault.Message, StringComparison.Ordinal);
    }

    private static (double[] Output, double[] LogSumExp) TwoPass(SeededInputs inputs, Func<int, TokenPair, bool> visible, Func<double, TokenPair, double>? modify = null)
    {
        AttentionShape shape = inputs.Shape;
        double[] output = new double[inputs.Query.Length];
        double[] logSumExp = new double[shape.Batch * shape.Heads * shape.QueryLength];
        double[] scores = new double[shape.KeyLength];
        for (int row = 0; row < logSumExp.Length; row++)
        {
            int slice = row / shape.QueryLength;
            for (int key = 0; key < shape.KeyLength; key++)
            {
                TokenPair pair = new(slice / shape.Heads, slice % shape.Heads, row % shape.QueryLength, key);
                double dot = 0;
                for (int d = 0; d < shape.HeadDim; d++)
                {
                    dot += (double)inputs.Query[(row * shape.HeadDim) + d] * inputs.Key[(((slice * shape.KeyLength) + key) * shape.HeadDim) + d];
                }

                double score = dot / Math.Sqrt(shape.HeadDim);
                scores[key] = !visible(pair.Head, pair) ? double.NegativeInfinity : modify is null ? score : modify(score, pair);
            }

            double maximum = scores.Max();
            double sum = scores.Sum(score => double.IsNegativeInfinity(maximum) ? 0 : Math.Exp(score - maximum));
            logSumExp[row] = maximum + Math.Log(sum);
            for (int key = 0; sum > 0 && key < shape.KeyLength; key++)
            {
                double weight = Math.Exp(scores[key] - maximum) / sum;
                for (int d = 0; d < shape.HeadDim; d++)
                {
                    output[(row * shape.HeadDim) + d] += weight * inputs.Value[(((slice * shape.KeyLength) + key) * shape.HeadDim) + d];
                }
            }
        }

        return (output, logSumExp);
    }

    private static void AssertClose(double[] expected, double[] actual, double tolerance = 1e-12)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(expected[i].Equals(actual[i]) || Math.Abs(expected[i] - actual[i]) <= tolerance * Math.Max(1, Math.Abs(expected[i])), $"element {i}: {expected[i]} and {actual[i]}");
        }
    }

    private readonly record struct LowerTriangle : IMaskMod
    {
        public bool Allows(TokenPair pair) => pair.Query >= pair.Key;
    }

    private readonly record struct Distance(float Slope) : IScoreMod
    {
        public float Apply(float score, TokenPair pair) => score - (Slope * (pair.Query - pair.Key));
    }
}
