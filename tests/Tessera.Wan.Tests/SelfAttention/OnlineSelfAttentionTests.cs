using Tessera.Attention;
using Tessera.Layout;
using Tessera.Methods;
using Tessera.Methods.Sage;
using Tessera.TestKit;
using Tessera.Wan.SelfAttention;
using Tessera.Wan.Transformer;
using Xunit;

namespace Tessera.Wan.Tests.SelfAttention;

public sealed class OnlineSelfAttentionTests
{
    private static readonly TokenGrid Grid = new(3, 4, 6);
    private static readonly AttentionCall Call = new(Grid, 2, 16);

    [Fact]
    public void The_first_branch_plans_for_both()
    {
        CountingMethod method = new();
        using OnlineSelfAttention attention = Open(method);
        Run(attention, 0, 0, GuidanceBranch.Conditional);
        Run(attention, 0, 1, GuidanceBranch.Conditional);
        Assert.Equal(2, attention.HeldPlans);
        Run(attention, 0, 0, GuidanceBranch.Unconditional);
        Run(attention, 0, 1, GuidanceBranch.Unconditional);
        Assert.Equal([(0, 0), (0, 1)], method.Planned);
        Assert.Equal(0, attention.HeldPlans);
        Run(attention, 1, 0, GuidanceBranch.Unconditional);
        Run(attention, 1, 0, GuidanceBranch.Conditional);
        Assert.Equal([(0, 0), (0, 1), (1, 0)], method.Planned);
    }

    [Fact]
    public void Without_the_other_branch_every_step_plans_and_memory_stays_bounded()
    {
        CountingMethod method = new();
        using OnlineSelfAttention attention = Open(method);
        for (int step = 0; step < 4; step++)
        {
            Run(attention, step, 0, GuidanceBranch.Conditional);
            Run(attention, step, 1, GuidanceBranch.Conditional);
        }

        // A new generation that begins at the step where the last one stopped must not run its plans.
        Run(attention, 3, 0, GuidanceBranch.Conditional);
        Assert.Equal(9, method.Planned.Count);
        Assert.Equal(2, attention.HeldPlans);
    }

    [Fact]
    public void The_warm_up_is_dense_and_plans_nothing_and_planning_time_is_counted()
    {
        CountingMethod method = new();
        SelfAttentionMeter meter = new();
        using OnlineSelfAttention attention = Open(method, new DensePolicy(1, 1), meter);
        NumericAssert.BitwiseEqual(Call.Dense(), Run(attention, 0, 1, GuidanceBranch.Conditional));
        NumericAssert.BitwiseEqual(Call.Dense(), Run(attention, 1, 0, GuidanceBranch.Conditional));
        Assert.Empty(method.Planned);
        Assert.Equal(TimeSpan.Zero, meter.Total.Plan);
        Run(attention, 1, 1, GuidanceBranch.Conditional);
        Assert.True(meter.OfStep(1).Plan >= CountingMethod.Delay);
        Assert.Equal(TimeSpan.Zero, meter.OfStep(0).Plan);
        Assert.Equal(2, meter.OfLayer(1).Calls);
        meter.Reset();
        Assert.Equal(0, meter.Total.Calls);
    }

    [Fact]
    public void Offline_methods_are_refused() => Assert.Contains(
        "sage",
        Assert.Throws<ArgumentException>(
            () => new OnlineSelfAttention(new SageMethod(), new PlanningContext(Grid), DensePolicy.None, TinyTransformer.Kernels)).Message,
        StringComparison.Ordinal);

    private static OnlineSelfAttention Open(CountingMethod method, DensePolicy policy = default, SelfAttentionMeter? meter = null) =>
        new(method, new PlanningContext(Grid), policy, TinyTransformer.Kernels, meter);

    private static float[] Run(OnlineSelfAttention attention, int step, int layer, GuidanceBranch branch) =>
        Call.Run(attention, AttentionCall.At(Grid, step, layer, branch));

    private sealed class CountingMethod : IAttentionMethod
    {
        public static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(2);

        public List<(int Step, int Layer)> Planned { get; } = [];

        public string Name => "counting";

        public bool IsOnline => true;

        public MethodDescription Describe() => new("Counting", "", "", []);

        public AttentionPlan Plan(in AttentionInputs inputs, in PlanningContext context, CancellationToken cancellationToken = default)
        {
            Planned.Add((context.Step.Step, context.Step.Layer));
            Thread.Sleep(Delay);
            return AttentionPlan.Dense(inputs.Shape);
        }
    }
}
