using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Masks;
using Tessera.Quantization;
using Xunit;

namespace Tessera.Tests.Backends.Cpu;

public sealed class TileScheduleTests
{
    private const int Heads = 8;

    /// <summary>
    /// Threads take tiles from the hand-out order as they become free. In units of the tiles' costs no thread may stand idle for more than 3 % of
    /// the whole, however unequal the heads are.
    /// </summary>
    [Theory]
    [InlineData("heads of 5 to 100 %", 2)]
    [InlineData("heads of 5 to 100 %", 8)]
    [InlineData("one dense head", 2)]
    [InlineData("dense text rows", 2)]
    [InlineData("dense", 2)]
    public void ThreadsFinishTogether(string kind, int threads)
    {
        TileSchedule schedule = Schedule(kind);
        long[] busy = new long[threads];
        int[] order = schedule.OrderOf(0, Heads, Heads);
        for (int i = 0; i < order.Length; i += 2)
        {
            int free = Array.IndexOf(busy, busy.Min());
            busy[free] += schedule.TasksOf(order[i])[order[i + 1]].Cost;
        }

        double efficiency = busy.Sum() / ((double)threads * busy.Max());
        Assert.True(efficiency >= 0.97, $"{threads} threads work {efficiency:0.000} of the time");
    }

    [Fact]
    public void EveryTileIsHandedOutOnceHeadAfterHeadHeavyOnesFirst()
    {
        TileSchedule schedule = Schedule("heads of 5 to 100 %");
        int[] order = schedule.OrderOf(0, Heads, Heads);
        HashSet<(int Pair, int Task)> seen = [];
        List<int> heads = [];
        long before = long.MaxValue;
        long heaviest = long.MaxValue;
        for (int i = 0; i < order.Length; i += 2)
        {
            long cost = schedule.TasksOf(order[i])[order[i + 1]].Cost;
            if (heads.Count == 0 || heads[^1] != order[i])
            {
                Assert.DoesNotContain(order[i], heads);
                Assert.True(cost <= heaviest, "a head with a heavier tile comes later");
                heads.Add(order[i]);
                before = heaviest = cost;
            }

            Assert.True(cost <= before && seen.Add((order[i], order[i + 1])));
            before = cost;
        }

        Assert.Equal(Enumerable.Range(0, Heads).Sum(head => schedule.TasksOf(head).Length), seen.Count);
        Assert.Same(order, schedule.OrderOf(0, Heads, Heads));
    }

    private static TileSchedule Schedule(string kind)
    {
        const int Tokens = 4096;
        Random random = new(5);
        BlockMaskBuilder builder = new(Heads, Tokens, Tokens, BlockSize.Default);
        for (int head = 0; head < Heads; head++)
        {
            for (int row = 0; row < builder.QueryBlocks; row++)
            {
                double density = kind switch
                {
                    "dense" => 1,
                    "one dense head" => head == 0 ? 1 : 0.05,
                    "dense text rows" => row < 4 ? 1 : 0.02 + (0.1 * random.NextDouble()),
                    _ => 0.05 + (0.95 * head / (Heads - 1)),
                };
                builder.Keep(head, row, row);
                for (int column = 0; column < builder.KeyBlocks; column++)
                {
                    if (random.NextDouble() < density)
                    {
                        builder.Keep(head, row, column);
                    }
                }
            }
        }

        BlockMask mask = builder.Build();
        AttentionShape shape = new(1, Heads, Tokens, Tokens, 64);
        KernelSet kernels = KernelSet.For(KnownRecipes.Float32, 64, CpuOptions.Default);
        return new TileSchedule(mask, new CpuLayout(shape, BlockSize.Default, Tokens, Tokens, KnownRecipes.Float32, skipsTiles: false, kernels));
    }
}
