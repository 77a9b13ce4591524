using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Backends.Reference;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Backends.Cpu;

public sealed class CpuRecipeTests
{
    public static TheoryData<string> Recipes()
    {
        TheoryData<string> names = [];
        foreach (QuantizationRecipe recipe in KnownRecipes.All)
        {
            names.Add(recipe.Name);
        }

        return names;
    }

    [Theory]
    [MemberData(nameof(Recipes))]
    public void KnownRecipesEqualTheRecipeInDouble(string name)
    {
        AttentionShape shape = new(1, 2, 333, 333, 64);
        RequireRecipe(CpuTestCase.Dense(shape, KnownRecipes.Parse(name)));
    }

    [Theory]
    [MemberData(nameof(Recipes))]
    public void KnownRecipesWithOrdersMasksAndPadding(string name)
    {
        TokenGrid grid = new(5, 9, 10);
        TokenOrder order = TokenOrder.ForAxisOrder(grid, AxisOrder.Parse("WHF")).PaddedTo(64);
        AttentionPlan plan = CpuTestCase.Dense(new AttentionShape(1, 2, 450, 450, 80), KnownRecipes.Parse(name)) with
        {
            Grid = grid,
            Orders = [order],
            Mask = CpuTestCase.RandomMask(order.Slots, order.Slots, BlockSize.Default, 0.5, 2),
        };
        RequireRecipe(plan);
    }

    public static TheoryData<NumberFormat, QuantizationGranularity> Granularities()
    {
        TheoryData<NumberFormat, QuantizationGranularity> data = [];
        foreach (NumberFormat format in (NumberFormat[])[NumberFormat.Int8, NumberFormat.Int4, NumberFormat.Float8E4M3])
        {
            foreach (QuantizationGranularity granularity in Enum.GetValues<QuantizationGranularity>())
            {
                data.Add(format, granularity);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Granularities))]
    public void EveryGranularityOfEveryOperand(NumberFormat format, QuantizationGranularity granularity)
    {
        TokenGrid grid = new(4, 6, 9);
        OperandFormat operand = new(format, granularity, granularity == QuantizationGranularity.PerChannel ? 0 : 32, new TileShape(2, 3, 4));
        QuantizationRecipe recipe = new()
        {
            Name = $"{format}-{granularity}",
            Query = operand,
            Key = operand,
            Value = operand,
            Probability = new(NumberFormat.UInt8, ProbabilityReference.TileRowMaximum, SoftmaxDenominator.Quantized),
        };
        RequireRecipe(CpuTestCase.Dense(new AttentionShape(2, 2, 216, 216, 48), recipe) with { Grid = grid });
    }

    [Theory]
    [InlineData(32, 64)]
    [InlineData(64, 128)]
    [InlineData(128, 64)]
    [InlineData(48, 64)]
    [InlineData(0, 64)]
    public void ValueGroupsNeedNotFollowBlocks(int group, int keyBlock)
    {
        QuantizationRecipe recipe = KnownRecipes.Int8 with { Name = "groups", Value = new(NumberFormat.Int8, QuantizationGranularity.PerChannel, group) };
        RequireRecipe(CpuTestCase.Dense(new AttentionShape(1, 1, 300, 300, 64), recipe, new BlockSize(64, keyBlock)));
    }

    public static TheoryData<NumberFormat, ProbabilityReference, SoftmaxDenominator, CodeRounding> Probabilities()
    {
        TheoryData<NumberFormat, ProbabilityReference, SoftmaxDenominator, CodeRounding> data = [];
        foreach (NumberFormat format in (NumberFormat[])[NumberFormat.UInt8, NumberFormat.UInt4, NumberFormat.Int8, NumberFormat.Float8E4M3, NumberFormat.Float8E5M2, NumberFormat.Float16, NumberFormat.BFloat16])
        {
            foreach (ProbabilityReference reference in Enum.GetValues<ProbabilityReference>())
            {
                data.Add(format, reference, SoftmaxDenominator.Exact, CodeRounding.Nearest);

                // Against the maximum of a whole tile every code of a weak row may be 0, and a sum of codes then has no quotient to compare.
                if (!format.IsInteger() || reference != ProbabilityReference.TileMaximum)
                {
                    data.Add(format, reference, SoftmaxDenominator.Quantized, format.IsInteger() ? CodeRounding.TowardZero : CodeRounding.Nearest);
                }
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Probabilities))]
    public void EveryProbabilityFormat(NumberFormat format, ProbabilityReference reference, SoftmaxDenominator denominator, CodeRounding rounding)
    {
        ProbabilityFormat probability = new(format, reference, denominator, rounding);
        OperandFormat value = new(NumberFormat.Int8, QuantizationGranularity.PerChannel, 64);
        AttentionShape shape = new(1, 2, 200, 260, 32);
        RequireRecipe(CpuTestCase.Dense(shape, new QuantizationRecipe { Name = "bytes", Probability = probability, Value = value }));
        RequireRecipe(CpuTestCase.Dense(shape, new QuantizationRecipe { Name = "floats", Probability = probability }));
    }

    [Theory]
    [InlineData(true, false, false, false)]
    [InlineData(false, true, false, false)]
    [InlineData(false, false, true, false)]
    [InlineData(false, false, false, true)]
    [InlineData(true, true, true, true)]
    public void SmoothingAndRotation(bool key, bool query, bool value, bool hadamard)
    {
        QuantizationRecipe recipe = KnownRecipes.Int8 with { Name = "smooth", SmoothKey = key, SmoothQuery = query, SmoothValue = value, Hadamard = hadamard };
        AttentionShape shape = new(1, 2, 200, 330, 40);
        RequireRecipe(CpuTestCase.Dense(shape, recipe));
        RequireRecipe(CpuTestCase.Dense(shape, recipe with { Query = OperandFormat.Float32, Key = new(NumberFormat.Float8E4M3), Probability = ProbabilityFormat.Float32, Value = OperandFormat.Float32 }));
    }

    [Fact]
    public void LogSumExpIsThatOfTheRecipe()
    {
        CpuTestCase test = CpuTestCase.Of(CpuTestCase.Dense(new AttentionShape(1, 2, 200, 330, 64), KnownRecipes.Int4));
        double[] wanted = test.Reference().LogSumExp;
        double[] exact = test.Exact().LogSumExp;
        foreach (CpuOptions options in CpuTestCase.AllOptions())
        {
            float[] got = test.Run(options).LogSumExp;
            for (int i = 0; i < got.Length; i++)
            {
                Assert.InRange(got[i], wanted[i] - 2e-3, wanted[i] + 2e-3);
                Assert.InRange(got[i], exact[i] - 1, exact[i] + 1);
            }
        }
    }

    internal static void RequireRecipe(AttentionPlan plan)
    {
        CpuTestCase test = CpuTestCase.Of(plan);
        ReferenceResult exact = test.Exact();
        float[] recipe = Array.ConvertAll(test.Reference().Output, static value => (float)value);
        foreach (CpuOptions options in CpuTestCase.AllOptions())
        {
            (float[] output, _, _) = test.Run(options);
            NumericAssert.AllFinite(output);
            NumericAssert.WithinRecipeBudget(exact.Output, recipe, output);
        }
    }
}
