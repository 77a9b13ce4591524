using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Backends.Reference;
using Tessera.Layout;
using Tessera.Masks;
using Xunit;

namespace Tessera.Tests.Backends.Cpu;

public sealed class CpuFloatTests
{
    // Rounding of a score grows with the number of products and the softmax turns an absolute error of a score into a relative one of P.
    private const double Roundoff = 1.0 / (1 << 24);

    [Theory]
    [InlineData(1, 1, 64)]
    [InlineData(63, 63, 64)]
    [InlineData(65, 65, 128)]
    [InlineData(450, 450, 128)]
    [InlineData(130, 197, 16)]
    [InlineData(70, 300, 40)]
    [InlineData(200, 64, 80)]
    [InlineData(129, 129, 100)]
    [InlineData(97, 161, 256)]
    [InlineData(40, 50, 1)]
    [InlineData(40, 50, 7)]
    public void DenseEqualsDouble(int queries, int keys, int headDim)
    {
        CpuTestCase test = CpuTestCase.Of(CpuTestCase.Dense(new AttentionShape(2, 2, queries, keys, headDim)));
        RequireClose(test);
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    public void RandomMasksEqualDouble(double density)
    {
        AttentionShape shape = new(1, 3, 450, 450, 64);
        AttentionPlan plan = CpuTestCase.Dense(shape) with { Mask = CpuTestCase.RandomMask(450, 450, BlockSize.Default, density, 3, emptyRow: true) };
        RequireClose(CpuTestCase.Of(plan));
    }

    [Theory]
    [InlineData(32, 32)]
    [InlineData(128, 64)]
    [InlineData(16, 48)]
    [InlineData(200, 384)]
    [InlineData(64, 7)]
    public void BlockSizesOfAnyKindEqualDouble(int query, int key)
    {
        AttentionShape shape = new(1, 2, 405, 390, 48);
        BlockSize size = new(query, key);
        AttentionPlan plan = CpuTestCase.Dense(shape) with { Mask = CpuTestCase.RandomMask(405, 390, size, 0.5, 1) };
        RequireClose(CpuTestCase.Of(plan));
    }

    [Fact]
    public void OrdersAndPaddingEqualDouble()
    {
        TokenGrid grid = new(5, 9, 10);
        TokenOrder padded = TokenOrder.ForAxisOrder(grid, AxisOrder.Parse("WHF")).PaddedTo(64);
        TokenOrder other = TokenOrder.ForAxisOrder(grid, AxisOrder.Parse("HWF")).PaddedTo(64);
        AttentionShape shape = new(1, 2, 450, 450, 64);
        AttentionPlan plan = CpuTestCase.Dense(shape) with
        {
            Grid = grid,
            Orders = [padded, other],
            Mask = CpuTestCase.RandomMask(padded.Slots, padded.Slots, BlockSize.Default, 0.4, 2),
        };
        RequireClose(CpuTestCase.Of(plan));
    }

    private static void RequireClose(CpuTestCase test)
    {
        ReferenceResult exact = test.Reference();
        double largestScore = 1;
        foreach (double sum in exact.LogSumExp)
        {
            largestScore = double.IsFinite(sum) ? Math.Max(largestScore, Math.Abs(sum)) : largestScore;
        }

        double largestValue = test.Inputs.Value.Max(MathF.Abs);
        double scores = Roundoff * (test.Plan.Shape.HeadDim + 8) * largestScore;
        foreach (CpuOptions options in CpuTestCase.AllOptions())
        {
            (float[] output, float[] logSumExp, AttentionStatistics statistics) = test.Run(options);
            for (int i = 0; i < output.Length; i++)
            {
                Assert.True(Math.Abs(output[i] - exact.Output[i]) <= 2 * largestValue * (scores + (16 * Roundoff)), $"{options}: element {i} is {output[i]}, wanted {exact.Output[i]}");
            }

            for (int i = 0; i < logSumExp.Length; i++)
            {
                Assert.True(
                    exact.LogSumExp[i] == logSumExp[i] || Math.Abs(logSumExp[i] - exact.LogSumExp[i]) <= 2 * scores,
                    $"{options}: LSE {i} is {logSumExp[i]}, wanted {exact.LogSumExp[i]}");
            }

            Assert.Equal(test.Plan.Mask.Density, statistics.Density, 12);
        }
    }
}
