using Tessera.Attention;
using Xunit;

namespace Tessera.Tests.Attention;

public sealed class PlanScheduleTests
{
    private static readonly AttentionPlan A = Plan("a");
    private static readonly AttentionPlan B = Plan("b");
    private static readonly AttentionPlan C = Plan("c");

    [Fact]
    public void Constant_answers_one_plan_everywhere()
    {
        PlanSchedule schedule = PlanSchedule.Constant(A);
        Assert.Same(A, schedule[StepContext.Standalone]);
        Assert.Same(A, schedule[new StepContext(49, 50, 39, 40)]);
        Assert.Single(schedule.Plans);
    }

    // FPSAttention at alpha 0.2 and 0.8 and 50 steps: steps 1-10 early, 11-40 middle, 41-50 late.
    [Fact]
    public void Noise_phases_equal_the_published_step_rule()
    {
        PlanSchedule schedule = PlanSchedule.ByNoise("fps", [A, B, C], [1 - 0.2, 1 - 0.8]);
        for (int step = 0; step < 50; step++)
        {
            AttentionPlan expected = step < 10 ? A : step < 40 ? B : C;
            Assert.Same(expected, schedule[new StepContext(step, 50, 0, 1)]);
        }
    }

    [Fact]
    public void Noise_phases_follow_noise_and_not_step_numbers()
    {
        PlanSchedule schedule = PlanSchedule.ByNoise("fps", [A, B, C], [0.8, 0.2]);
        Assert.Same(A, schedule[new StepContext(3, 4, 0, 1) { NoiseTime = 0.81 }]);
        Assert.Same(B, schedule[new StepContext(0, 4, 0, 1) { NoiseTime = 0.8 }]);
        Assert.Same(C, schedule[new StepContext(0, 4, 0, 1) { NoiseTime = 0.2 }]);
    }

    // PAROAttention: t(step) = floor(step / S * T).
    [Fact]
    public void Step_groups_are_uniform_for_any_step_count()
    {
        PlanSchedule schedule = PlanSchedule.BySteps("paro", [A, B, C]);
        for (int steps = 1; steps <= 60; steps++)
        {
            for (int step = 0; step < steps; step++)
            {
                Assert.Same(new[] { A, B, C }[step * 3 / steps], schedule[new StepContext(step, steps, 0, 1)]);
            }
        }
    }

    [Fact]
    public void Shared_plans_are_stored_once()
    {
        PlanSchedule schedule = PlanSchedule.ByStepsAndLayers("table", [[A, B, A], [B, B, C]]);
        Assert.Equal([A, B, C], schedule.Plans);
        Assert.Equal([0, 1, 0, 1, 1, 2], schedule.Table.ToArray());
        Assert.Same(C, schedule[new StepContext(1, 2, 2, 3)]);
        Assert.Throws<ArgumentOutOfRangeException>(() => schedule[new StepContext(0, 2, 3, 4)]);
    }

    [Fact]
    public void Warm_up_covers_first_steps_and_first_layers()
    {
        PlanSchedule schedule = PlanSchedule.ByNoise("fps", [A, B], [0.5]).WithDense(C, new DensePolicy(2, 1));
        for (int step = 0; step < 10; step++)
        {
            for (int layer = 0; layer < 3; layer++)
            {
                AttentionPlan expected = step < 2 || layer < 1 ? C : step < 5 ? A : B;
                Assert.Same(expected, schedule[new StepContext(step, 10, layer, 3)]);
            }
        }

        Assert.Equal(3, schedule.Plans.Count);
        Assert.Throws<InvalidOperationException>(() => schedule.WithDense(C, new DensePolicy(1, 0)));
        PlanSchedule plain = PlanSchedule.Constant(A);
        Assert.Same(plain, plain.WithDense(C, DensePolicy.None));
    }

    [Theory]
    [InlineData(0.1, 50, 0.03, 60, 5, 1)]
    [InlineData(0.2, 50, 0.03, 40, 10, 1)]
    [InlineData(0.35, 40, 0.03, 40, 14, 1)]
    [InlineData(0.2, 50, 0.05, 42, 10, 2)]
    [InlineData(0.04, 50, 0, 60, 2, 0)]
    [InlineData(0.2, 1, 0.03, 1, 0, 0)]
    public void Shares_round_down(double stepShare, int steps, double layerShare, int layers, int denseSteps, int denseLayers) =>
        Assert.Equal(new DensePolicy(denseSteps, denseLayers), DensePolicy.OfShares(stepShare, steps, layerShare, layers));

    [Fact]
    public void Parts_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new PlanSchedule("x", [A], ScheduleAxis.Step, [], [1], 1));
        Assert.Throws<ArgumentException>(() => new PlanSchedule("x", [A, B], ScheduleAxis.NoiseTime, [0.2, 0.8], [0, 1, 0], 1));
        Assert.Throws<ArgumentException>(() => new PlanSchedule("x", [A, B], ScheduleAxis.NoiseTime, [], [0, 1], 1));
        Assert.Throws<ArgumentException>(() => new PlanSchedule("x", [A], ScheduleAxis.Step, [], [0, 0, 0], 2));
        Assert.Throws<ArgumentException>(() => new PlanSchedule("x", [A], ScheduleAxis.Step, [], [0], 1, new DensePolicy(1, 0)));
        Assert.Throws<ArgumentException>(() => PlanSchedule.BySteps("x", [A, AttentionPlan.Dense(new AttentionShape(1, 1, 8, 8, 4))]));
        Assert.Throws<ArgumentOutOfRangeException>(() => PlanSchedule.Constant(A)[new StepContext(1, 1, 0, 1)]);
    }

    private static AttentionPlan Plan(string name) => AttentionPlan.Dense(new AttentionShape(1, 2, 128, 128, 16)) with { Name = name };
}
