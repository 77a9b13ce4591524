using Tessera.Attention;
using Tessera.Backends.Reference;
using Tessera.Fidelity;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Masks.Mods;
using Tessera.Methods.Flex;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Methods;

public sealed class FlexAttentionTests
{
    private static readonly TokenGrid Grid = new(3, 5, 7);
    private static readonly AttentionShape Shape = new(2, 3, Grid.Tokens, Grid.Tokens, 16);

    [Fact]
    public void Masks_and_scores_equal_plain_loops()
    {
        SeededInputs inputs = SeededInputs.Normal(Shape);
        And<Causal, SlidingWindow> mask = new(new Causal(), new SlidingWindow(40));
        AttentionPlan plan = FlexAttention.Plan(Shape, mask, new Alibi(3), new FlexOptions { BlockSize = new(16, 16) });
        ReferenceResult actual = ReferenceAttention.Compute(plan, inputs.Inputs);
        (double[] output, double[] logSumExp) = Plain(inputs, mask, new Alibi(3));
        Assert.True(AttentionError.Compare(output, actual.Output).RelativeL2 < 1e-6);
        Assert.Equal(logSumExp, actual.LogSumExp, new Close(1e-5));
    }

    [Fact]
    public void Storage_order_does_not_change_the_meaning()
    {
        SeededInputs inputs = SeededInputs.Normal(Shape);
        Natten3D mask = new(Grid, 1, 1, 2);
        double[] natural = ReferenceAttention.Compute(FlexAttention.Plan(Shape, mask, new SoftCap(3), new FlexOptions { BlockSize = new(16, 16) }), inputs.Inputs).Output;
        foreach (TokenOrder order in new[] { GridOrders.Hilbert(Grid), GridOrders.Morton(Grid), new TileLayout(Grid, new TileShape(2, 2, 4), 16).Order })
        {
            AttentionPlan plan = FlexAttention.Plan(Shape, mask, new SoftCap(3), new FlexOptions { BlockSize = new(16, 16), Order = order, Grid = Grid });
            plan.Validate();
            Assert.True(AttentionError.Compare(natural, ReferenceAttention.Compute(plan, inputs.Inputs).Output).RelativeL2 < 1e-13);
        }
    }

    [Fact]
    public void Masks_may_look_at_head_and_batch()
    {
        SeededInputs inputs = SeededInputs.Normal(Shape);
        HeadAndBatch mask = default;
        AttentionPlan plan = FlexAttention.Plan(Shape, mask, new FlexOptions { BlockSize = new(16, 16), PerHead = true, PerBatch = true });
        Assert.Equal(3, plan.Mask.MaskHeads);
        (double[] output, _) = Plain(inputs, mask, default(Unchanged));
        Assert.True(AttentionError.Compare(output, ReferenceAttention.Compute(plan, inputs.Inputs).Output).RelativeL2 < 1e-6);
    }

    [Fact]
    public void Everything_is_dense_and_without_a_score_modifier()
    {
        AttentionPlan plan = FlexAttention.Plan(Shape, default(Everything));
        Assert.Equal(1, plan.Mask.Density);
        Assert.Null(plan.ScoreModifier);
        Assert.Null(plan.Mask.Predicate);
        Assert.Equal("flex-everything", plan.Name);
        Assert.Equal("flex-causal-soft-cap-30", FlexAttention.Plan(Shape, new Causal(), new SoftCap(30)).Name);
    }

    [Fact]
    public void Lengths_may_differ_without_an_order()
    {
        AttentionShape shape = new(1, 1, 40, 100, 8);
        SeededInputs inputs = SeededInputs.Normal(shape);
        AttentionPlan plan = FlexAttention.Plan(shape, new Causal(60), new FlexOptions { BlockSize = new(16, 16) });
        (double[] output, _) = Plain(inputs, new Causal(60), default(Unchanged));
        Assert.True(AttentionError.Compare(output, ReferenceAttention.Compute(plan, inputs.Inputs).Output).RelativeL2 < 1e-6);
        Assert.Throws<ArgumentException>(() => FlexAttention.CreateBlockMask(new Causal(), 1, 40, 100, order: TokenOrder.Identity(40)));
    }

    private static (double[] Output, double[] LogSumExp) Plain<TMask, TScore>(SeededInputs inputs, TMask mask, TScore mod)
        where TMask : struct, IMaskMod
        where TScore : struct, IScoreMod
    {
        AttentionShape s = inputs.Shape;
        double[] output = new double[s.Batch * s.Heads * s.QueryLength * s.HeadDim];
        double[] logSumExp = new double[s.Batch * s.Heads * s.QueryLength];
        for (int row = 0; row < logSumExp.Length; row++)
        {
            (int index, int query) = Math.DivRem(row, s.QueryLength);
            (int batch, int head) = Math.DivRem(index, s.Heads);
            double sum = 0;
            for (int key = 0; key < s.KeyLength; key++)
            {
                TokenPair pair = new(batch, head, query, key);
                if (!mask.Allows(pair))
                {
                    continue;
                }

                double score = 0;
                for (int c = 0; c < s.HeadDim; c++)
                {
                    score += (double)inputs.Query[(row * s.HeadDim) + c] * inputs.Key[(((index * s.KeyLength) + key) * s.HeadDim) + c];
                }

                double weight = Math.Exp(mod.Apply((float)(score / Math.Sqrt(s.HeadDim)), pair));
                sum += weight;
                for (int c = 0; c < s.HeadDim; c++)
                {
                    output[(row * s.HeadDim) + c] += weight * inputs.Value[(((index * s.KeyLength) + key) * s.HeadDim) + c];
                }
            }

            logSumExp[row] = Math.Log(sum);
            for (int c = 0; c < s.HeadDim && sum > 0; c++)
            {
                output[(row * s.HeadDim) + c] /= sum;
            }
        }

        return (output, logSumExp);
    }

    private readonly record struct HeadAndBatch : IMaskMod
    {
        public bool Allows(TokenPair pair) => Math.Abs(pair.Query - pair.Key) <= 20 + (10 * pair.Head) - (15 * pair.Batch);
    }
}
