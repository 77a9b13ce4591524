using Tessera.Attention;
using Tessera.Masks;
using Tessera.Quantization;
using Xunit;

namespace Tessera.Tests.Attention;

public sealed class PlanAdviceTests
{
    private static readonly AttentionShape Shape = new(1, 1, 1024, 1024, 64);

    [Fact]
    public void Sparse_plans_below_break_even_pay()
    {
        PlanAdvice advice = PlanAdvice.For(Plan(0.25), new LinearCost(0.1, 1));

        Assert.False(advice.IsDenseFaster);
        Assert.Equal(1.1 / 0.35, advice.SpeedUp, 1e-9);
        Assert.Equal(
            "3.1x predicted against dense in the same formats, 3.1x against dense float32; sparse blocks pay below 94 % density", advice.Note);
    }

    // Dense costs 1.1; a sparse plan 0.7 + density.
    [Fact]
    public void Dense_is_faster_above_break_even()
    {
        LinearCost model = new(0.1, 1, sparseExtra: 0.6);

        PlanAdvice advice = PlanAdvice.For(Plan(0.5), model);

        Assert.True(advice.IsDenseFaster);
        Assert.Equal(6.0 / 16, advice.BreakEvenDensity);
        Assert.Equal("dense is faster here: 1.10 s against 1.20 s predicted; sparse blocks pay below 38 % density", advice.Note);
    }

    [Fact]
    public void Planning_in_every_call_counts()
    {
        PlanAdvice advice = PlanAdvice.For(Plan(0.25), new LinearCost(0.1, 1), planningSeconds: 2);

        Assert.True(advice.IsDenseFaster);
        Assert.Equal(0, advice.BreakEvenDensity);
        Assert.EndsWith("no density pays at this size", advice.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void The_smallest_blocks_within_five_percent_of_the_fastest_are_chosen()
    {
        BlockSizeChoice Of(int query, int key, double seconds) => new(new BlockSize(query, key), default(CostEstimate) with { Pack = seconds });

        Assert.Equal(new BlockSize(32, 64), BlockSizeChoice.Best([Of(128, 128, 1), Of(64, 64, 1.02), Of(32, 64, 1.04), Of(32, 32, 1.2)]).Size);
    }

    [Fact]
    public void Nine_sizes_are_compared()
    {
        IReadOnlyList<BlockSizeChoice> choices = BlockSizeChoice.Compare(new LinearCost(0.1, 1), Shape, 0.25, KnownRecipes.Float32);

        Assert.Equal(9, choices.Select(static choice => choice.Size).Distinct().Count());
        Assert.Equal(new BlockSize(32, 32), BlockSizeChoice.Best(choices).Size);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1.5)]
    [InlineData(double.NaN)]
    public void Densities_outside_zero_to_one_are_refused(double density) => Assert.Throws<ArgumentOutOfRangeException>(
        () => BlockSizeChoice.Compare(new LinearCost(0.1, 1), Shape, density, KnownRecipes.Float32));

    private static AttentionPlan Plan(double density) => AttentionPlan.Dense(Shape) with
    {
        Name = "scattered",
        Mask = ScatteredMask.Of(1024, 1024, BlockSize.Default, density),
    };

    /// <summary>Fixed seconds, seconds times density, and something more for every plan that is not dense.</summary>
    private sealed class LinearCost(double start, double dense, double sparseExtra = 0) : ICostModel
    {
        public CostEstimate Predict(AttentionPlan plan) => default(CostEstimate) with
        {
            Pack = start + (plan.Mask.Density < 1 ? sparseExtra : 0),
            Scores = dense * plan.Mask.Density,
        };
    }
}
