using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Backends.Reference;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Masks.Mods;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Backends.Cpu;

/// <summary>Heads whose packed keys do not fit the memory limit: attended range by range, with output rows and softmax state carried over.</summary>
public sealed class CpuKeyRangeTests
{
    private const long SmallestRanges = 1;

    public static TheoryData<string> Recipes => [.. KnownRecipes.All.Select(static recipe => recipe.Name)];

    [Theory]
    [MemberData(nameof(Recipes))]
    public void RangesGiveTheRecipe(string recipe)
    {
        AttentionShape shape = new(1, 2, 300, 1100, 40);
        BlockMask mask = CpuTestCase.RandomMask(300, 1100, BlockSize.Default, 0.4, 2, emptyRow: true);
        Require(CpuTestCase.Dense(shape, KnownRecipes.Parse(recipe)) with { Mask = mask });
    }

    [Fact]
    public void RangesFollowOrdersMasksAndPadding()
    {
        TokenOrder order = TokenOrder.ForAxisOrder(new TokenGrid(5, 9, 11), AxisOrder.Parse("WFH")).PaddedTo(64);
        BlockMaskBuilder builder = new(1, order.Slots, order.Slots, new BlockSize(32, 32));
        for (int row = 0; row < builder.QueryBlocks; row++)
        {
            for (int column = 0; column < builder.KeyBlocks; column++)
            {
                builder[0, row, column] = (row + column) % 3 == 0 ? BlockCoverage.Partial : BlockCoverage.Full;
            }
        }

        AttentionPlan plan = CpuTestCase.Dense(new AttentionShape(1, 1, 495, 495, 64)) with
        {
            Orders = [order],
            Mask = builder.Build(MaskPredicate.Of(new Causal())),
        };
        Require(plan);
    }

    [Fact]
    public void MemoryStaysWithinASixteenthOfInputsAndOutput()
    {
        AttentionShape shape = new(1, 1, 20_000, 75_600, 128);
        AttentionPlan plan = AttentionPlan.Dense(shape);
        long tensors = 4L * 128 * 2 * (20_000 + 75_600);
        using CpuAttentionKernel kernel = new(plan, CpuOptions.Default with { Threads = 2 });
        Assert.InRange(kernel.ScratchBytes, 0, Math.Max(12 << 20, tensors / 16) + (4 << 20));
    }

    [Fact]
    public void WholeRowSumsKeepEveryKey()
    {
        AttentionPlan plan = CpuTestCase.Dense(new AttentionShape(1, 1, 130, 1100, 32)) with
        {
            Mask = CpuTestCase.RandomMask(130, 1100, BlockSize.Default, 0.3, 1),
            Normalization = SoftmaxNormalization.WholeRow,
        };
        Require(plan);
    }

    private static void Require(AttentionPlan plan)
    {
        CpuTestCase test = CpuTestCase.Of(plan);
        ReferenceResult exact = test.Exact();
        ReferenceResult recipe = test.Reference();

        // A chunk that holds a masked block rounds its scores once more, so a code on an edge may fall to the other side; sums are at least 1.
        ProbabilityFormat format = plan.Recipe.Probability;
        float apart = 1e-5f + (format.Format == NumberFormat.Float32 ? 0 : 2 / format.CodeOfOne);
        float[] wanted = Array.ConvertAll(recipe.Output, static value => (float)value);
        foreach (CpuOptions options in CpuTestCase.AllOptions())
        {
            (float[] output, float[] logSumExp, _) = test.Run(options with { PackedMemoryLimit = SmallestRanges });
            (_, float[] whole, _) = test.Run(options);
            NumericAssert.AllFinite(output);
            NumericAssert.WithinRecipeBudget(exact.Output, wanted, output);
            for (int i = 0; i < whole.Length; i++)
            {
                Assert.Equal(float.IsNegativeInfinity(whole[i]), float.IsNegativeInfinity(logSumExp[i]));
                if (!float.IsNegativeInfinity(whole[i]))
                {
                    Assert.InRange(logSumExp[i] - whole[i], -apart, apart);
                }
            }
        }
    }
}
