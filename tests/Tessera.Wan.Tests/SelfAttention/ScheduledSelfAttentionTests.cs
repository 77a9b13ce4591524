using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.TestKit;
using Tessera.Wan.SelfAttention;
using Tessera.Wan.Transformer;
using Xunit;

namespace Tessera.Wan.Tests.SelfAttention;

public sealed class ScheduledSelfAttentionTests
{
    private static readonly TokenGrid Grid = new(3, 4, 6);
    private static readonly AttentionCall Call = new(Grid, 2, 16);

    /// <summary>Plans that see one key block only, so that outputs tell them apart.</summary>
    private static AttentionPlan Column(int block)
    {
        BlockMaskBuilder builder = new(1, Grid.Tokens, Grid.Tokens, new BlockSize(24, 24));
        for (int row = 0; row < 3; row++)
        {
            builder.Keep(0, row, block);
        }

        return new AttentionPlan { Name = $"column-{block}", Shape = Call.Shape, Grid = Grid, Mask = builder.Build() };
    }

    [Fact]
    public void Each_call_runs_the_plan_of_its_step_and_layer_in_both_branches()
    {
        AttentionPlan[] plans = [Column(0), Column(1), Column(2)];
        PlanSchedule schedule = PlanSchedule.ByStepsAndLayers("test", [[plans[0], plans[1]], [plans[2], plans[1]]])
            .WithDense(AttentionPlan.Dense(Call.Shape), new DensePolicy(1, 0));
        using ScheduledSelfAttention attention = new(schedule, TinyTransformer.Kernels);
        float[][] alone = [.. plans.Select(plan => Run(new ScheduledSelfAttention(PlanSchedule.Constant(plan), TinyTransformer.Kernels)))];
        foreach (GuidanceBranch branch in Enum.GetValues<GuidanceBranch>())
        {
            NumericAssert.BitwiseEqual(Call.Dense(), Call.Run(attention, AttentionCall.At(Grid, 0, 1, branch, layers: 2)));
            NumericAssert.BitwiseEqual(alone[0], Call.Run(attention, AttentionCall.At(Grid, 1, 0, branch, layers: 2)));
            NumericAssert.BitwiseEqual(alone[1], Call.Run(attention, AttentionCall.At(Grid, 1, 1, branch, layers: 2)));
            NumericAssert.BitwiseEqual(alone[2], Call.Run(attention, AttentionCall.At(Grid, 3, 0, branch, layers: 2)));
            NumericAssert.BitwiseEqual(alone[1], Call.Run(attention, AttentionCall.At(Grid, 3, 1, branch, layers: 2)));
        }

        static float[] Run(ScheduledSelfAttention one)
        {
            using (one)
            {
                return Call.Run(one, AttentionCall.At(Grid, 0, 0));
            }
        }
    }

    [Fact]
    public void Phases_follow_the_noise_time_of_the_sampler()
    {
        AttentionPlan[] plans = [Column(0), Column(1)];
        using ScheduledSelfAttention attention = new(PlanSchedule.ByNoise("test", plans, [0.5]), TinyTransformer.Kernels);
        StepContext late = new(0, 4, 0, 1) { NoiseTime = 0.4 };
        float[] first = Call.Run(attention, AttentionCall.At(Grid, 0, 0));
        float[] second = Call.Run(attention, new(Grid, late, default));
        Assert.NotEqual(first, second);
        NumericAssert.BitwiseEqual(second, Call.Run(attention, AttentionCall.At(Grid, 3, 0)));
    }

    [Fact]
    public void Kernels_of_other_steps_are_disposed_and_those_beyond_the_limit_never_held()
    {
        AttentionPlan[] plans = [Column(0), Column(1), Column(2)];
        PlanSchedule schedule = PlanSchedule.ByStepsAndLayers("test", [[plans[0], plans[1]], [plans[2], plans[2]]]);
        using ScheduledSelfAttention attention = new(schedule, TinyTransformer.Kernels);
        using ScheduledSelfAttention tight = new(schedule, TinyTransformer.Kernels with { MemoryLimit = 0 });
        int[] held = new int[4];
        for (int step = 0; step < 4; step++)
        {
            for (int layer = 0; layer < 2; layer++)
            {
                float[] expected = Call.Run(attention, AttentionCall.At(Grid, step, layer, layers: 2));
                NumericAssert.BitwiseEqual(expected, Call.Run(tight, AttentionCall.At(Grid, step, layer, layers: 2)));
                Assert.Equal(0, tight.Kernels);
            }

            held[step] = attention.Kernels;
        }

        Assert.Equal([2, 2, 1, 1], held);
    }

    [Fact]
    public void A_call_on_another_grid_is_refused()
    {
        using ScheduledSelfAttention attention = new(PlanSchedule.Constant(Column(0)), TinyTransformer.Kernels);
        TokenGrid turned = new(3, 6, 4);
        PlanMismatchException fault = Assert.Throws<PlanMismatchException>(() => Call.Run(attention, AttentionCall.At(turned, 0, 0)));
        Assert.Contains("3x6x4", fault.Message, StringComparison.Ordinal);
    }
}
