using Tessera.Attention;
using Tessera.Backends.Reference;
using Tessera.Fidelity;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Methods;
using Tessera.Methods.Fps;
using Tessera.Numerics;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Methods;

public sealed class FpsMethodTests
{
    private static readonly TokenGrid Grid480 = new(21, 30, 52);
    private static readonly TokenGrid Grid720 = new(21, 45, 80);
    private static readonly FpsOptions Small = FpsOptions.Default with { Tile = new(2, 4, 4), ScaleTiles = [new(8, 16, 16), new(2, 4, 4), new(4, 8, 8)] };

    [Theory]
    [InlineData("flat", 0.143, 0.100)]
    [InlineData("speed", 0.229, 0.160)]
    [InlineData("default", 0.343, 0.240)]
    [InlineData("safe", 0.600, 0.420)]
    public void Presets_have_the_published_mean_densities(string preset, double at480, double at720)
    {
        FpsOptions options = FpsOptions.Parse(preset);
        Assert.Equal(at480, Math.Round(options.MeanTileDensity(Grid480), 3));
        Assert.Equal(at720, Math.Round(options.MeanTileDensity(Grid720), 3));
    }

    [Fact]
    public void Schedule_equals_the_phases_of_the_paper_at_50_steps()
    {
        PlanSchedule schedule = new FpsMethod().Schedule(Shape(Grid480), new PlanningContext(Grid480));
        TokenOrder order = schedule.Plans[0].Orders[0];
        for (int step = 0; step < 50; step++)
        {
            AttentionPlan plan = schedule[new StepContext(step, 50, 0, 30)];
            FpsPhase phase = step < 10 ? FpsPhase.Early : step < 40 ? FpsPhase.Middle : FpsPhase.Late;
            Assert.Equal(FpsOptions.Default.ScaleTiles[(int)phase], plan.Recipe.Query.Tile);
            Assert.Equal(order, plan.Orders[0]);
            Assert.Equal(FpsOptions.Default.PhaseOf(1 - (step / 50.0)), phase);
        }

        Assert.Equal(3, schedule.Plans.Count);
        Assert.Equal([0.8, 0.2], schedule.NoiseBoundaries.ToArray(), new Close(1e-12));
    }

    [Fact]
    public void Plan_of_a_step_is_the_plan_of_the_schedule()
    {
        TokenGrid grid = new(5, 9, 10);
        SeededInputs inputs = SeededInputs.Normal(Shape(grid));
        FpsMethod method = new(Small with { DenseSteps = 2, DenseLayers = 1, Windows = [new(1, 1, 1), new(2, 2, 1), new(1, 2, 1)] });
        PlanningContext context = new(grid) { BlockSize = new(16, 16) };
        PlanSchedule schedule = method.Schedule(inputs.Shape, context);
        foreach (int step in new[] { 0, 1, 2, 5, 9 })
        {
            foreach (int layer in new[] { 0, 1 })
            {
                StepContext at = new(step, 10, layer, 2);
                AttentionPlan alone = method.Plan(inputs.Inputs, context with { Step = at });
                Assert.Equal(schedule[at].Name, alone.Name);
                Assert.Equal(schedule[at].Mask.KeptBlocks, alone.Mask.KeptBlocks);
                Assert.Equal(step < 2 || layer < 1, alone.Mask.Density == 1);
            }
        }
    }

    [Fact]
    public void A_density_picks_one_window_for_all_phases()
    {
        FpsMethod method = new(FpsOptions.Default with { Density = 0.25 });
        PlanSchedule schedule = method.Schedule(Shape(Grid720), new PlanningContext(Grid720));
        double[] densities = [.. schedule.Plans.Select(static plan => plan.Mask.Density)];
        Assert.All(densities, density => Assert.InRange(density, 0.2, 0.25));
        Assert.Single(densities.Distinct());
    }

    // Without rounding, Algorithm 1 is masked attention: permuting, padding and masking must be exact.
    [Fact]
    public void Full_window_without_rounding_is_dense_attention()
    {
        TokenGrid grid = new(5, 9, 10, 6, TextPlacement.Back);
        SeededInputs inputs = SeededInputs.Biased(Shape(grid));
        PlanningContext context = new(grid) { BlockSize = new(16, 16), Recipe = KnownRecipes.Float32 };
        AttentionPlan plan = new FpsMethod(Small with { Windows = [new(9, 9, 9), new(9, 9, 9), new(9, 9, 9)] }).Plan(inputs.Inputs, context);
        AttentionError error = AttentionError.Compare(ReferenceAttention.Dense(inputs.Inputs).Output, ReferenceAttention.Compute(plan, inputs.Inputs).Output);
        Assert.True(error.RelativeL2 < 1e-13, $"{error.RelativeL2}");
    }

    // Q = 0 makes every probability 1: the output is the mean of the dequantised V over the window, whatever the tile scales are.
    [Fact]
    public void Zero_queries_return_the_mean_of_dequantised_values_of_the_window()
    {
        TokenGrid grid = new(5, 9, 10);
        AttentionShape shape = Shape(grid);
        SeededInputs inputs = SeededInputs.Normal(shape);
        Array.Clear(inputs.Query);
        TileWindow window = new(2, 1, 3);
        AttentionPlan plan = new FpsMethod(Small with { Windows = [window, window, window] }).Plan(inputs.Inputs, new PlanningContext(grid) { BlockSize = new(16, 16) });
        ReferenceResult result = ReferenceAttention.Compute(plan, inputs.Inputs);
        TileLayout layout = new(grid, Small.Tile, 16);
        for (int head = 0; head < shape.Heads; head++)
        {
            double[] dequantized = DequantizedValues(inputs, head);
            for (int query = 0; query < grid.Tokens; query++)
            {
                (int f, int h, int w) = layout.CoordinatesOf(layout.TileOfToken(query));
                double[] mean = new double[shape.HeadDim];
                int keys = 0;
                for (int key = 0; key < grid.Tokens; key++)
                {
                    (int kf, int kh, int kw) = layout.CoordinatesOf(layout.TileOfToken(key));
                    if (In(window.FrameRange(f, layout), kf) && In(window.RowRange(h, layout), kh) && In(window.ColumnRange(w, layout), kw))
                    {
                        keys++;
                        for (int c = 0; c < mean.Length; c++)
                        {
                            mean[c] += dequantized[(key * mean.Length) + c];
                        }
                    }
                }

                for (int c = 0; c < mean.Length; c++)
                {
                    Assert.Equal(mean[c] / keys, result.Output[(((head * grid.Tokens) + query) * mean.Length) + c], 6);
                }

                Assert.Equal(Math.Log(keys), result.LogSumExp[(head * grid.Tokens) + query], 9);
            }
        }

        static bool In((int First, int Last) range, int index) => index >= range.First && index <= range.Last;
    }

    [Fact]
    public void A_zero_tile_and_an_outlier_token_stay_finite_and_local()
    {
        TokenGrid grid = new(5, 9, 10);
        SeededInputs inputs = SeededInputs.Normal(Shape(grid));
        TileLayout layout = new(grid, Small.Tile, 16);
        SlotRange first = layout.TileSlots(0);
        int dim = inputs.Shape.HeadDim;
        for (int slot = first.Start; slot < first.Start + layout.ValidTokens(0); slot++)
        {
            inputs.Query.AsSpan(layout.Order.TokenAt(slot) * dim, dim).Clear();
            inputs.Key.AsSpan(layout.Order.TokenAt(slot) * dim, dim).Clear();
        }

        int outlier = layout.Order.TokenAt(layout.TileSlots(layout.TileCount - 1).Start);
        inputs.Key.AsSpan(outlier * dim, dim).Fill(3e4f);
        FpsOptions fine = Small with { ScaleTiles = [Small.Tile, Small.Tile, Small.Tile], Windows = [new(1, 1, 1), new(1, 1, 1), new(1, 1, 1)] };
        PlanningContext context = new(grid) { BlockSize = new(16, 16) };
        AttentionPlan plan = new FpsMethod(fine).Plan(inputs.Inputs, context);
        double[] actual = ReferenceAttention.Compute(plan, inputs.Inputs).Output;
        Assert.All(actual, value => Assert.True(double.IsFinite(value)));

        // Tiles that see neither are as accurate as ever: the outlier's scale is its own tile's.
        double[] exact = ReferenceAttention.Compute(plan with { Recipe = KnownRecipes.Float32 }, inputs.Inputs).Output;
        foreach (int slot in Enumerable.Range(layout.TileSlots(1).Start, layout.ValidTokens(1)))
        {
            int token = layout.Order.TokenAt(slot);
            AttentionError error = AttentionError.Compare(exact.AsSpan(token * dim, dim), actual.AsSpan(token * dim, dim));
            Assert.InRange(error.RelativeL2, 1e-4, 0.25);
        }
    }

    [Fact]
    public void Options_reach_the_recipe()
    {
        FpsOptions options = FpsOptions.Default with
        {
            SmoothKey = true,
            Hadamard = true,
            ScalePerQueryRow = true,
            ProbabilityScale = 256,
            ProbabilityReference = ProbabilityReference.TileRowMaximum,
        };
        QuantizationRecipe recipe = options.RecipeOf(FpsPhase.Middle);
        Assert.True(recipe.SmoothKey && recipe.Hadamard);
        Assert.Equal(QuantizationGranularity.PerToken, recipe.Query.Granularity);
        Assert.Equal(QuantizationGranularity.PerTile, recipe.Key.Granularity);
        Assert.Equal(256, recipe.Probability.CodeOfOne);
        Assert.Equal(ProbabilityReference.TileRowMaximum, recipe.Probability.Reference);
        Assert.Equal("fp8-tile-6x8x8-p256-smooth-k-hadamard-row-q-tile-p", recipe.Name);
        Assert.Equal(KnownRecipes.Fps(new TileShape(6, 8, 8)), FpsOptions.Default.RecipeOf(FpsPhase.Middle));
    }

    [Fact]
    public void Settings_that_contradict_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new FpsMethod(FpsOptions.Default with { Alpha1 = 0.8 }));
        Assert.Throws<ArgumentException>(() => new FpsMethod(FpsOptions.Default with { Windows = [new(1, 1, 1)] }));
        Assert.Throws<ArgumentException>(() => new FpsMethod(FpsOptions.Default with { ProbabilityScale = 1 }));
        Assert.Throws<ArgumentException>(() => FpsOptions.Parse("fast"));
        SeededInputs inputs = SeededInputs.Normal(new AttentionShape(1, 1, 8, 8, 4));
        Assert.Throws<ArgumentException>(() => new FpsMethod().Plan(inputs.Inputs, new PlanningContext(new TokenGrid(1, 1, 9))));
    }

    private static AttentionShape Shape(TokenGrid grid) => new(1, 2, grid.Tokens, grid.Tokens, 16);

    private static double[] DequantizedValues(SeededInputs inputs, int head)
    {
        int tokens = inputs.Shape.KeyLength;
        int dim = inputs.Shape.HeadDim;
        double[] values = new double[tokens * dim];
        for (int c = 0; c < dim; c++)
        {
            float maximum = 0;
            for (int token = 0; token < tokens; token++)
            {
                maximum = Math.Max(maximum, Math.Abs(inputs.Value[(((head * tokens) + token) * dim) + c]));
            }

            float scale = maximum / 448;
            for (int token = 0; token < tokens; token++)
            {
                values[(token * dim) + c] = (double)(Float8E4M3)(inputs.Value[(((head * tokens) + token) * dim) + c] / scale) * scale;
            }
        }

        return values;
    }
}
