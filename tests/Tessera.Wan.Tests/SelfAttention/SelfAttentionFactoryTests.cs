using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;
using Tessera.Serialization;
using Tessera.TestKit;
using Tessera.Wan.SelfAttention;
using Tessera.Wan.Transformer;
using Xunit;

namespace Tessera.Wan.Tests.SelfAttention;

public sealed class SelfAttentionFactoryTests(TinyTransformer tiny) : IClassFixture<TinyTransformer>
{
    private const int Steps = 4;

    private static readonly BlockSize Blocks = new(16, 16);

    private static SelfAttentionOptions Options(string method, double? density = null) => new()
    {
        Method = method,
        Density = density,
        BlockSize = Blocks,
        Recipe = KnownRecipes.Float32,
        WarmUp = new DensePolicy(method == "paro" ? 1 : 0, 0),
    };

    [Theory]
    [InlineData("dense", null)]
    [InlineData("paro", 0.3)]
    [InlineData("fps", null)]
    [InlineData("sta", null)]
    [InlineData("svg", 0.4)]
    [InlineData("sparge", 0.3)]
    [InlineData("sage", null)]
    public void Every_method_runs_both_branches_in_its_own_formats(string method, double? density)
    {
        using SelfAttentionSession session = tiny.Session(Options(method, density) with { Recipe = null, ComparesDense = true }, Steps);
        using DenseSelfAttention dense = new();
        int first = session.CalibrationStep ?? 0;
        foreach (int step in new[] { first, first + 1 })
        {
            float[][] exact = tiny.Velocities(dense, step, Steps);
            float[][] actual = tiny.Velocities(session.Attention, step, Steps);
            for (int branch = 0; branch < 2; branch++)
            {
                NumericAssert.AllFinite(actual[branch]);
                double error = Fidelity.AttentionError.Compare(exact[branch], actual[branch]).RelativeL2;
                Assert.True(method is "dense" || step == session.CalibrationStep ? error == 0 : error is > 0 and < 0.7, $"{step}: {error}");
            }
        }

        Assert.Equal(method, session.Method);
        Assert.Equal(2 * 2 * tiny.Config.Layers, session.Meter.Total.Calls);
        if (density is { } share)
        {
            // Sparge keeps some blocks on top.
            Assert.Equal(share, session.Meter.OfStep(first + 1).Density, 0.15);
        }

        DeviationReport report = session.Deviations!;
        Assert.Equal(tiny.Config.Layers, report.Layers.Count);
        Assert.All(report.Layers, layer => Assert.True(layer.WorstHeadError.RelativeL2 >= layer.Error.RelativeL2, $"{layer}"));
    }

    [Theory]
    [InlineData("paro")]
    [InlineData("fps")]
    [InlineData("sta")]
    [InlineData("svg")]
    [InlineData("sparge")]
    public void At_full_density_every_method_is_dense_attention(string method)
    {
        TokenGrid grid = TinyTransformer.Grid;
        AttentionCall call = new(grid, tiny.Config.Heads, tiny.Config.HeadDim);
        using SelfAttentionSession session = tiny.Session(Options(method, 1), Steps);
        double[] exact = call.Exact();
        float[] dense = call.Dense();
        for (int layer = 0; layer < 3; layer++)
        {
            call.Run(session.Attention, AttentionCall.At(grid, 0, layer));
        }

        float[] actual = call.Run(session.Attention, AttentionCall.At(grid, 1, 1));
        NumericAssert.WithinBudget(exact, dense, actual);
        Assert.Equal(1, session.Meter.OfStep(1).Density, method is "fps" or "sta" ? 0.5 : 0.0);
    }

    [Theory]
    [InlineData("paro")]
    [InlineData("svg")]
    [InlineData("sparge")]
    public void Deviations_grow_as_density_falls(string method)
    {
        double[] errors =
        [
            .. new[] { 0.75, 0.5, 0.25 }.Select(density =>
            {
                using SelfAttentionSession session = tiny.Session(Options(method, density) with { ComparesDense = true }, Steps);
                tiny.Velocities(session.Attention, 0, Steps);
                tiny.Velocities(session.Attention, 1, Steps);
                return session.Deviations!.Total.RelativeL2;
            }),
        ];
        Assert.True(0 < errors[0] && errors[0] < errors[1] && errors[1] < errors[2], string.Join(' ', errors));
    }

    [Fact]
    public void A_stored_plan_must_fit_model_and_video()
    {
        AttentionShape shape = new(2, tiny.Config.Heads, TinyTransformer.Grid.Tokens, TinyTransformer.Grid.Tokens, tiny.Config.HeadDim);
        AttentionPlan plan = AttentionPlan.Dense(shape) with { Name = "paro-d1.00", Grid = TinyTransformer.Grid };
        using (SelfAttentionSession session = Open(PlanSchedule.Constant(plan)))
        {
            // A batch of the calibration does not matter.
            NumericAssert.AllFinite(tiny.Velocities(session.Attention)[0]);
        }

        RefusesPlan(plan with { Shape = shape with { HeadDim = 16 } }, 1, "2 heads of 16 channels", "2 of 32");
        RefusesPlan(plan with { Grid = new TokenGrid(5, 10, 8) }, 1, "5x10x8", "5x8x10");
        RefusesPlan(plan, 2, "2 layers", "the model has 3");
        TokenGrid shorter = new(4, 8, 10);
        RefusesPlan(AttentionPlan.Dense(new AttentionShape(1, 2, 320, 320, 32)) with { Name = "p" }, 1, "320 tokens", "400");
        RefusesPlan(AttentionPlan.Dense(new AttentionShape(1, 2, 320, 320, 32)) with { Grid = shorter }, 1, "4x8x10", "5x8x10");
        return;

        SelfAttentionSession Open(PlanSchedule schedule) =>
            tiny.Session(new SelfAttentionOptions { Plan = new PlanFile { Schedule = schedule } }, Steps);

        void RefusesPlan(AttentionPlan made, int layers, params string[] words)
        {
            PlanSchedule schedule = new("paro-x", [made], ScheduleAxis.Step, [], new int[layers], layers);
            PlanMismatchException fault = Assert.Throws<PlanMismatchException>(() => Open(schedule));
            Assert.All(words, word => Assert.Contains(word, fault.Message, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Options_that_contradict_each_other_are_refused()
    {
        AttentionShape shape = new(1, 2, TinyTransformer.Grid.Tokens, TinyTransformer.Grid.Tokens, 32);
        PlanFile plan = PlanFile.Of(AttentionPlan.Dense(shape) with { Name = "paro-d1.00" });
        Refuses(new SelfAttentionOptions { Plan = plan, Density = 0.2 }, "fixed by the plan");
        Refuses(new SelfAttentionOptions { Plan = plan, Method = "sta" }, "was not made by method sta");
        Refuses(new SelfAttentionOptions { Method = "sage", Density = 0.5 }, "computes every block");
        Refuses(new SelfAttentionOptions { Method = "magic" }, "wanted one of dense, paro");
        Refuses(new SelfAttentionOptions { Method = "paro", WarmUp = new DensePolicy(Steps, 0) }, "4 of 4 steps are dense");
        Refuses(new SelfAttentionOptions { Method = "paro", WarmUp = DensePolicy.None }, "no step is dense");
        Refuses(new SelfAttentionOptions { Capture = new CaptureRequest("x") { Layers = [3] } }, "layer 3; there are layers 0 to 2");
        Refuses(new SelfAttentionOptions { Capture = new CaptureRequest("x") { Steps = [4] } }, "step 4; there are steps 0 to 3");

        void Refuses(SelfAttentionOptions options, string word) =>
            Assert.Contains(word, Assert.ThrowsAny<ArgumentException>(() => tiny.Session(options, Steps)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_warm_up_and_formats_that_are_asked_for_replace_those_of_a_plan()
    {
        AttentionShape shape = new(1, 2, TinyTransformer.Grid.Tokens, TinyTransformer.Grid.Tokens, 32);
        AttentionPlan sparse = AttentionPlan.Dense(shape) with { Name = "paro-d1.00", Grid = TinyTransformer.Grid };
        AttentionPlan dense = sparse with { Name = "dense" };
        PlanFile file = new() { Schedule = PlanSchedule.Constant(sparse).WithDense(dense, new DensePolicy(1, 1)) };
        using SelfAttentionSession session = tiny.Session(
            new SelfAttentionOptions { Plan = file, Recipe = KnownRecipes.Int8Narrow, WarmUp = new DensePolicy(2, 0) }, Steps);
        Assert.Equal(new DensePolicy(2, 0), session.WarmUp);
        Assert.Equal(["none", "none", "int8-narrow", "int8-narrow"], Enumerable.Range(0, Steps).Select(RecipeAt));
        Assert.Equal("dense warm-up", session.PhaseOf(new StepContext(1, Steps, 0, 3)));
        Assert.Equal("paro-d1.00", session.PhaseOf(new StepContext(2, Steps, 0, 3)));

        string RecipeAt(int step) => session.Schedule![new StepContext(step, Steps, 2, 3)].Recipe.Name;
    }

    [Fact]
    public void Warm_ups_are_those_of_the_papers()
    {
        Assert.Equal(new DensePolicy(12, 0), WarmUpPolicies.Of("sta", false, 50, 30));
        Assert.Equal(new DensePolicy(10, 1), WarmUpPolicies.Of("svg", false, 50, 40));
        Assert.Equal(new DensePolicy(5, 0), WarmUpPolicies.Of("paro", true, 50, 30));
        Assert.Equal(new DensePolicy(1, 0), WarmUpPolicies.Of("paro", true, 4, 30));
        Assert.Equal(DensePolicy.None, WarmUpPolicies.Of("paro", false, 50, 30));
        Assert.All(["dense", "fps", "sparge", "sage"], method => Assert.Equal(DensePolicy.None, WarmUpPolicies.Of(method, false, 50, 30)));
    }
}
