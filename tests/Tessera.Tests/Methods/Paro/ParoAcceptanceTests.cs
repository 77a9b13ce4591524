using Tessera.Attention;
using Tessera.Backends.Reference;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Methods;
using Tessera.Methods.Paro;
using Tessera.Quantization;
using Tessera.Serialization;
using Tessera.Synthesis;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Methods.Paro;

/// <summary>What PARO's plans must mean when a backend runs them.</summary>
public class ParoAcceptanceTests
{
    [Fact]
    public void A_permutation_under_a_dense_mask_changes_nothing()
    {
        TokenGrid grid = new(3, 4, 5, 7, TextPlacement.Front);
        SeededInputs inputs = SeededInputs.Normal(new AttentionShape(2, 6, grid.Tokens, grid.Tokens, 16));
        AttentionPlan dense = AttentionPlan.Dense(inputs.Shape, new BlockSize(16, 16));
        double[] natural = ReferenceAttention.Compute(dense, inputs.Inputs).Output;
        double[] permuted = ReferenceAttention.Compute(dense with { Orders = [.. AxisOrder.All.Select(order => TokenOrder.ForAxisOrder(grid, order))] }, inputs.Inputs).Output;
        for (int i = 0; i < natural.Length; i++)
        {
            Assert.Equal(natural[i], permuted[i], 1e-12);
        }
    }

    [Theory]
    [InlineData(2, 3, 5, 0, TextPlacement.None, 64)]
    [InlineData(3, 5, 7, 226, TextPlacement.Front, 64)]
    [InlineData(4, 5, 7, 9, TextPlacement.Back, 16)]
    [InlineData(1, 8, 8, 0, TextPlacement.None, 16)]
    [InlineData(5, 3, 13, 0, TextPlacement.None, 32)]
    public void A_plan_is_a_masked_softmax(int frames, int height, int width, int text, TextPlacement placement, int block)
    {
        TokenGrid grid = new(frames, height, width, text, placement);
        StructuredHeads one = StructuredHeads.Create(grid, 2, 16, 9);
        StructuredHeads two = StructuredHeads.Create(grid, 2, 16, 9, new StructuredHeadsOptions { Sample = 1 });
        AttentionInputs inputs = new(one.Shape with { Batch = 2 }, [.. one.Query, .. two.Query], [.. one.Key, .. two.Key], [.. one.Value, .. two.Value]);
        foreach (LatticeOrigin origin in Enum.GetValues<LatticeOrigin>())
        {
            ParoOptions options = new() { Density = 0.4, Origin = origin };
            PlanningContext context = new(grid) { BlockSize = new BlockSize(block, block) };
            AttentionPlan plan = new ParoMethod(new PlainMapReader(), options).Plan(inputs, context);
            ReferenceResult result = ReferenceAttention.Compute(plan, inputs);
            double[] row = new double[16];
            for (int index = 0; index < 2 * 2 * grid.Tokens; index++)
            {
                int query = index % grid.Tokens;
                int head = index / grid.Tokens % 2;
                int batch = index / grid.Tokens / 2;
                double logSumExp = RowOracle.Row<double>(plan, inputs, batch, head, query, row);
                Assert.Equal(logSumExp, result.LogSumExp[index], 1e-9);
                for (int d = 0; d < 16; d++)
                {
                    Assert.Equal(row[d], result.Output[(index * 16) + d], 1e-9);
                }
            }
        }
    }

    [Fact]
    public void Without_renormalisation_the_output_is_the_kept_share_of_it()
    {
        TokenGrid grid = new(4, 5, 6, 11, TextPlacement.Front);
        StructuredHeads heads = StructuredHeads.Create(grid, 3, 16, 13);
        PlanningContext context = new(grid) { BlockSize = new BlockSize(8, 8) };
        AttentionPlan on = new ParoMethod(new PlainMapReader(), new ParoOptions { Density = 0.3 }).Plan(heads.Inputs, context);
        AttentionPlan off = new ParoMethod(new PlainMapReader(), new ParoOptions { Density = 0.3, Normalization = SoftmaxNormalization.WholeRow }).Plan(heads.Inputs, context);
        double[] onOutput = ReferenceAttention.Compute(on, heads.Inputs).Output;
        double[] offOutput = ReferenceAttention.Compute(off, heads.Inputs).Output;
        double smallest = 1;
        for (int head = 0; head < 3; head++)
        {
            double[] kept = new FullMap(heads.Inputs, 0, head).KeptPerRow(on.OrderOf(head)!, on.Mask, head);
            for (int query = 0; query < grid.Tokens; query++)
            {
                smallest = Math.Min(smallest, kept[query]);
                for (int d = 0; d < 16; d++)
                {
                    int at = ((((head * grid.Tokens) + query) * 16) + d);
                    Assert.Equal(kept[query] * onOutput[at], offOutput[at], 1e-9);
                }
            }
        }

        Assert.True(smallest < 0.9, "some row loses mass, or the relation says nothing");
    }

    [Fact]
    public void Int8_scores_stay_within_the_bound_of_their_tile()
    {
        // |q . k - q' . k'| <= sum |q| dk/2 + |k| dq/2 + dq dk/4 with the scales dq, dk of the tile, as the released kernels group them.
        const int Dim = 64;
        TokenGrid grid = new(4, 6, 10);
        StructuredHeads heads = StructuredHeads.Create(grid, 1, Dim, 3);
        QuantizationRecipe recipe = KnownRecipes.ParoReleased;
        TokenOrder order = TokenOrder.ForAxisOrder(grid, AxisOrder.Parse("HWF"));
        float[] q = Store(order, heads.Query, Dim);
        float[] k = Store(order, heads.Key, Dim);
        QuantizedTensor query = Quantizer.Quantize(q, Dim, recipe.Query, AttentionOperand.Query, order);
        QuantizedTensor key = Quantizer.Quantize(k, Dim, recipe.Key, AttentionOperand.Key, order);
        double tightest = 0;
        for (int i = 0; i < grid.Tokens; i += 7)
        {
            double dq = query.ScaleAt(i, 0);
            for (int j = 0; j < grid.Tokens; j += 3)
            {
                double dk = key.ScaleAt(j, 0);
                double error = 0;
                double bound = Dim * dq * dk / 4;
                for (int d = 0; d < Dim; d++)
                {
                    error += ((double)q[(i * Dim) + d] * k[(j * Dim) + d]) - ((double)query.Dequantize(i, d) * key.Dequantize(j, d));
                    bound += (Math.Abs(q[(i * Dim) + d]) * dk / 2) + (Math.Abs(k[(j * Dim) + d]) * dq / 2);
                }

                // A few float roundings of the scale itself come on top of the half steps.
                Assert.True(Math.Abs(error) <= bound * 1.0001, $"pair {i},{j}: {error} above {bound}");
                tightest = Math.Max(tightest, Math.Abs(error) / bound);
            }
        }

        Assert.True(tightest > 0.1, $"the bound is far from what happens: {tightest}");
    }

    [Fact]
    public void A_stored_schedule_is_handed_out_and_a_wrong_shape_is_refused()
    {
        TokenGrid grid = new(2, 4, 6);
        StructuredHeads heads = StructuredHeads.Create(grid, 2, 16, 3);
        PlanningContext context = new(grid) { BlockSize = new BlockSize(8, 8), Recipe = KnownRecipes.Int8 };
        PlanSchedule schedule = new ParoMethod(new PlainMapReader()).Calibrate(heads.Inputs, context).Schedule;
        ParoMethod stored = new(new PlainMapReader(), stored: schedule);
        AttentionPlan plan = stored.Plan(heads.Inputs, context);
        Assert.Same(schedule.Plans[0], plan);
        Assert.Equal("paro-d0.50-int8", plan.Name);
        Assert.Same(KnownRecipes.Float32, stored.Plan(heads.Inputs, context with { Recipe = KnownRecipes.Float32 }).Recipe);

        StructuredHeads larger = StructuredHeads.Create(new TokenGrid(2, 4, 7), 2, 16, 3);
        string message = Assert.Throws<PlanMismatchException>(() => stored.Plan(larger.Inputs, new PlanningContext(larger.Grid))).Message;
        Assert.Contains("[1, 2, 48, 16]", message, StringComparison.Ordinal);
        Assert.Contains("[1, 2, 56, 16]", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_calibration_survives_its_plan_file()
    {
        TokenGrid grid = new(3, 5, 7, 20, TextPlacement.Front);
        StructuredHeads heads = StructuredHeads.Create(grid, 7, 16, 3);
        ParoCalibrator calibrator = new(new PlanningContext(grid) { BlockSize = new BlockSize(16, 16) }, heads.Shape, new PlainMapReader(), new ParoOptions { Density = 0.4 }, ParoTimeSharing.FirstHalf(4));
        for (int step = 0; step < 3; step++)
        {
            calibrator.Add(heads.Inputs, step);
        }

        ParoCalibration calibration = calibrator.Build();
        string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.safetensors");
        try
        {
            PlanFile file = new() { Schedule = calibration.Schedule, KeptMass = [.. calibration.Report.Heads.Select(static head => (float)head.KeptMass)] };
            file.Save(path);
            PlanFile loaded = PlanFile.Load(path, heads.Shape, grid);
            ParoMethod stored = new(new PlainMapReader(), stored: loaded.Schedule);
            for (int step = 0; step < 4; step++)
            {
                AttentionPlan wanted = calibration.StepPlans[step];
                AttentionPlan plan = stored.Plan(heads.Inputs, new PlanningContext(grid) { Step = new StepContext(step, 4, 0, 1) });
                Assert.Equal(wanted.Orders, plan.Orders);
                Assert.Equal(ReferenceAttention.Compute(wanted, heads.Inputs).Output, ReferenceAttention.Compute(plan, heads.Inputs).Output);
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Description_names_the_paper_and_the_departures()
    {
        MethodDescription description = new ParoMethod(new PlainMapReader()).Describe();
        Assert.Contains("2506.16054", description.Citation, StringComparison.Ordinal);
        Assert.NotEmpty(description.Departures);
    }

    private static float[] Store(TokenOrder order, float[] rows, int width)
    {
        float[] stored = new float[order.Slots * width];
        order.Gather<float>(rows, stored, width, 0);
        return stored;
    }
}
