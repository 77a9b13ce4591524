using Tessera.Backends.Cpu;
using Xunit;

namespace Tessera.Tests.Backends.Cpu;

public sealed class TileSchedulerTests
{
    private readonly struct CountJob(int[] counts, int[] workers) : ITileJob
    {
        public void Execute(int item, int worker)
        {
            Interlocked.Increment(ref counts[item]);
            Interlocked.Increment(ref workers[worker]);
        }
    }

    private readonly struct FailingJob(int failingItem) : ITileJob
    {
        public void Execute(int item, int worker)
        {
            if (item == failingItem)
            {
                throw new InvalidOperationException($"item {item}");
            }
        }
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, 100)]
    [InlineData(3, 1)]
    [InlineData(3, 2)]
    [InlineData(4, 1000)]
    public void EveryItemRunsOnce(int threads, int items)
    {
        TileScheduler scheduler = TileScheduler.ForThreads(threads);
        for (int round = 0; round < 20; round++)
        {
            int[] counts = new int[items];
            int[] workers = new int[threads];
            scheduler.Run(items, new CountJob(counts, workers), CancellationToken.None);
            Assert.All(counts, static count => Assert.Equal(1, count));
            Assert.Equal(items, workers.Sum());
        }
    }

    [Fact]
    public void TheFirstFailureReachesTheCallerAndTheSchedulerGoesOn()
    {
        TileScheduler scheduler = TileScheduler.ForThreads(3);
        for (int round = 0; round < 20; round++)
        {
            Assert.Equal("item 7", Assert.Throws<InvalidOperationException>(() => scheduler.Run(100, new FailingJob(7), CancellationToken.None)).Message);
        }

        int[] counts = new int[10];
        scheduler.Run(10, new CountJob(counts, new int[3]), CancellationToken.None);
        Assert.All(counts, static count => Assert.Equal(1, count));
    }
}
