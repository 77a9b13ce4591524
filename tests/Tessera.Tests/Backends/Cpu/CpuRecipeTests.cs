using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Backends.Reference;
using Tessera.Fidelity;
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

    internal static void RequireRecipe(AttentionPlan plan)
    {
        CpuTestCase test = CpuTestCase.Of(plan);
        ReferenceResult exact = test.Exact();
        float[] recipe = Array.ConvertAll(test.Reference().Output, static value => (float)value);
        foreach (CpuOptions options in CpuTestCase.AllOptions())
        {
            (float[] output, _, _) = test.Run(options);
            NumericAssert.AllFinite(output);
            double plain = AttentionError.Compare(exact.Output, recipe).RelativeL2;
            double apart = AttentionError.Compare(recipe, output).RelativeL2;
            Assert.True(apart <= 1e-5 + (0.1 * plain), $"{plan.Recipe} {options}: {apart:g4} from the recipe in double, which is {plain:g4} from the truth");
        }
    }
}
