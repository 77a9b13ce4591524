using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Backends.Cpu;

public sealed class CpuMapReaderTests
{
    private const float Epsilon = 2e-3f;

    [Theory]
    [InlineData(false, 64, 64, 40)]
    [InlineData(true, 64, 64, 64)]
    [InlineData(true, 32, 16, 64)]
    [InlineData(false, 200, 96, 128)]
    public void BlocksEqualDouble(bool ordered, int queryBlock, int keyBlock, int headDim)
    {
        TokenGrid grid = new(5, 9, 10);
        TokenOrder? order = ordered ? TokenOrder.ForAxisOrder(grid, AxisOrder.Parse("WHF")).PaddedTo(64) : null;
        SeededInputs inputs = SeededInputs.Biased(new AttentionShape(2, 2, 450, 450, headDim));
        double scale = 1 / Math.Sqrt(headDim);
        foreach (CpuOptions options in CpuTestCase.AllOptions())
        {
            CpuMapReader reader = new(options);
            float[] sums = new float[450];
            reader.ReadLogSumExp(inputs.Inputs, 1, 1, scale, sums);
            int slots = order?.Slots ?? 450;
            BlockMapStatistics map = new(slots, slots, new BlockSize(queryBlock, keyBlock));
            reader.ReadBlocks(inputs.Inputs, 1, 1, order, scale, sums, Epsilon, [], map);
            RequireEqual(inputs, order, scale, sums, map);

            BlockMapStatistics some = new(slots, slots, new BlockSize(queryBlock, keyBlock));
            int last = some.QueryBlocks - 1;
            reader.ReadBlocks(inputs.Inputs, 1, 1, order, scale, sums, Epsilon, [last], some);
            for (int i = 0; i < map.Sum.Length; i++)
            {
                bool read = i / map.KeyBlocks == last;
                Assert.Equal(read ? map.Sum[i] : 0, some.Sum[i]);
                Assert.Equal(read ? map.CountBelow[i] : 0, some.CountBelow[i]);
            }
        }
    }

    private static void RequireEqual(SeededInputs inputs, TokenOrder? order, double scale, float[] sums, BlockMapStatistics map)
    {
        int tokens = inputs.Shape.QueryLength;
        int dim = inputs.Shape.HeadDim;
        int offset = 3 * tokens * dim;
        double[] sum = new double[map.Sum.Length];
        double[] maximum = new double[sum.Length];
        int[] below = new int[sum.Length];
        int[] unsure = new int[sum.Length];
        double[] scores = new double[tokens];
        for (int query = 0; query < tokens; query++)
        {
            for (int key = 0; key < tokens; key++)
            {
                double dot = 0;
                for (int d = 0; d < dim; d++)
                {
                    dot += (double)inputs.Query[offset + (query * dim) + d] * inputs.Key[offset + (key * dim) + d];
                }

                scores[key] = scale * dot;
            }

            double largest = scores.Max();
            double logSum = largest + Math.Log(scores.Sum(score => Math.Exp(score - largest)));
            Assert.InRange(sums[query], logSum - 1e-5, logSum + 1e-5);
            int row = (order?.SlotOf(query) ?? query) / map.Size.Query;
            for (int key = 0; key < tokens; key++)
            {
                double p = Math.Exp(scores[key] - logSum);
                int cell = (row * map.KeyBlocks) + ((order?.SlotOf(key) ?? key) / map.Size.Key);
                sum[cell] += p;
                maximum[cell] = Math.Max(maximum[cell], p);
                below[cell] += p < Epsilon ? 1 : 0;
                unsure[cell] += Math.Abs(p - Epsilon) < 1e-4 * Epsilon ? 1 : 0;
            }
        }

        for (int cell = 0; cell < sum.Length; cell++)
        {
            Assert.True(Math.Abs(sum[cell] - map.Sum[cell]) <= 1e-4 * (sum[cell] + 1e-6), $"sum of block {cell} is {map.Sum[cell]}, wanted {sum[cell]}");
            Assert.True(Math.Abs(maximum[cell] - map.Maximum[cell]) <= 1e-4 * maximum[cell], $"maximum of block {cell} is {map.Maximum[cell]}, wanted {maximum[cell]}");
            Assert.InRange(map.CountBelow[cell], below[cell] - unsure[cell], below[cell] + unsure[cell]);
        }
    }
}
