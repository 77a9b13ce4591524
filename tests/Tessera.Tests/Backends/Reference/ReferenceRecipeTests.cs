using Tessera.Attention;
using Tessera.Backends.Reference;
using Tessera.Fidelity;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Backends.Reference;

/// <summary>What recipes mean: transforms that change nothing, formats that cost a bounded error, scales that follow their groups.</summary>
public sealed class ReferenceRecipeTests
{
    private static readonly AttentionShape Shape = new(1, 2, 130, 130, 48);

    public static TheoryData<string> ExactTransforms => ["SmoothKey", "SmoothQuery", "SmoothValue", "Hadamard"];

    [Theory]
    [MemberData(nameof(ExactTransforms))]
    public void Transforms_alone_change_neither_output_nor_log_sum_exp(string transform)
    {
        SeededInputs inputs = SeededInputs.Biased(Shape);
        QuantizationRecipe recipe = new()
        {
            Name = transform,
            SmoothKey = transform == "SmoothKey",
            SmoothQuery = transform == "SmoothQuery",
            SmoothValue = transform == "SmoothValue",
            Hadamard = transform == "Hadamard",
        };

        ReferenceResult expected = ReferenceAttention.Dense(inputs.Inputs);
        ReferenceResult actual = ReferenceAttention.Compute(AttentionPlan.Dense(Shape) with { Recipe = recipe }, inputs.Inputs);

        // Means and rotations are rounded to binary32; a score of magnitude 50 moves by a few units of 50 * 2^-24, and so do weights.
        Assert.InRange(AttentionError.Compare(expected.Output, actual.Output).RelativeL2, 0, 1e-5);
        Assert.InRange(expected.LogSumExp.Zip(actual.LogSumExp, static (left, right) => Math.Abs(left - right)).Max(), 0, 1e-4);
    }

    [Fact]
    public void Key_smoothing_keeps_the_log_sum_exp_under_a_block_mask()
    {
        SeededInputs inputs = SeededInputs.Biased(Shape);
        BlockMaskBuilder builder = new(1, 130, 130, BlockSize.Default);
        builder.KeepColumn(0, 1);
        AttentionPlan exact = new() { Name = "column", Shape = Shape, Mask = builder.Build() };

        double[] expected = ReferenceAttention.Compute(exact, inputs.Inputs).LogSumExp;
        double[] actual = ReferenceAttention.Compute(exact with { Recipe = KnownRecipes.Int8 }, inputs.Inputs).LogSumExp;

        // INT8 scores of these inputs are off by at most a few hundredths, and so is their log-sum-exp.
        Assert.InRange(expected.Zip(actual, static (left, right) => Math.Abs(left - right)).Max(), 0, 0.1);
    }

    /// <summary>
    /// Bounds on relative L2 for normal inputs, the worst case: INT8 rounding noise is uniform with a step of amax / 127, so scores of unit
    /// variance are off by about 0.02 and outputs by a few percent; each lost bit doubles that. FP8 has 3 mantissa bits: 2.6 % an operand.
    /// </summary>
    [Theory]
    [InlineData("int8", 0.04)]
    [InlineData("int8-narrow", 0.06)]
    [InlineData("sage", 0.04)]
    [InlineData("sage2", 0.08)]
    [InlineData("sage-int8v", 0.06)]
    [InlineData("fp8", 0.16)]
    [InlineData("k4v4", 0.35)]
    [InlineData("int4", 0.45)]
    [InlineData("paro-released", 0.40)]
    public void Published_recipes_cost_a_bounded_error(string name, double bound)
    {
        SeededInputs inputs = SeededInputs.Normal(Shape);
        double[] exact = ReferenceAttention.Dense(inputs.Inputs).Output;

        double error = AttentionError.Compare(exact, ReferenceAttention.Compute(AttentionPlan.Dense(Shape) with { Recipe = KnownRecipes.Parse(name) }, inputs.Inputs).Output).RelativeL2;

        Assert.InRange(error, 1e-4, bound);
    }

    [Fact]
    public void Smoothing_and_rotation_help_where_channels_are_biased()
    {
        SeededInputs inputs = SeededInputs.Biased(Shape);
        double[] exact = ReferenceAttention.Dense(inputs.Inputs).Output;
        QuantizationRecipe plain = KnownRecipes.Int8 with { Name = "plain", SmoothKey = false };
        double Error(QuantizationRecipe recipe) => AttentionError.Compare(exact, ReferenceAttention.Compute(AttentionPlan.Dense(Shape) with { Recipe = recipe }, inputs.Inputs).Output).RelativeL2;

        Assert.True(Error(plain with { SmoothKey = true }) < Error(plain));
        Assert.True(Error(plain with { Hadamard = true }) < Error(plain));
    }

    [Fact]
    public void Scale_tiles_follow_the_grid_whatever_the_storage_order_is()
    {
        TokenGrid grid = new(4, 6, 5, 7, TextPlacement.Front);
        SeededInputs inputs = SeededInputs.Normal(new AttentionShape(1, 1, grid.Tokens, grid.Tokens, 32));
        AttentionPlan natural = AttentionPlan.Dense(inputs.Shape) with { Grid = grid, Recipe = KnownRecipes.Fps(new TileShape(2, 3, 2)) };
        AttentionPlan ordered = natural with { Orders = [TokenOrder.ForAxisOrder(grid, AxisOrder.Parse("WHF"))] };

        ReferenceResult expected = ReferenceAttention.Compute(natural, inputs.Inputs);
        ReferenceResult actual = ReferenceAttention.Compute(ordered, inputs.Inputs);

        // Codes and scales are equal; only the order in which the running maximum meets the keys differs, which moves FP8 roundings of P.
        Assert.InRange(AttentionError.Compare(expected.Output, actual.Output).RelativeL2, 0, 0.03);
        Assert.InRange(expected.LogSumExp.Zip(actual.LogSumExp, static (left, right) => Math.Abs(left - right)).Max(), 0, 1e-12);
    }

    [Fact]
    public void Zero_queries_return_the_mean_of_the_dequantised_values()
    {
        SeededInputs inputs = SeededInputs.Normal(new AttentionShape(1, 1, 5, 64, 16));
        Array.Clear(inputs.Query);
        QuantizedTensor values = Quantizer.Quantize(inputs.Value, 16, new OperandFormat(NumberFormat.Float8E4M3, QuantizationGranularity.PerChannel), AttentionOperand.Value);

        double[] actual = ReferenceAttention.Compute(AttentionPlan.Dense(inputs.Shape) with { Recipe = KnownRecipes.Float8 }, inputs.Inputs).Output;

        for (int channel = 0; channel < 16; channel++)
        {
            Assert.Equal(Enumerable.Range(0, 64).Average(slot => (double)values.ScaleAt(slot, channel) * values.CodeAt(slot, channel)), actual[channel], 10);
        }
    }
}
