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

    /// <summary>Short runs race with helpers that are awake, falling asleep and waking; every run must be whole when it returns.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void ManyShortRunsAreWhole(int threads)
    {
        TileScheduler scheduler = TileScheduler.ForThreads(threads);
        int[] counts = new int[5];
        int[] workers = new int[threads];
        for (int round = 1; round <= 3000; round++)
        {
            scheduler.Run(1 + (round % 5), new CountJob(counts, workers), CancellationToken.None);
            Assert.Equal(counts.Sum(), workers.Sum());
            if (round % 500 == 0)
            {
                // Long enough for every helper to fall asleep.
                Thread.Sleep(2);
            }
        }

        Assert.Equal([3000, 2400, 1800, 1200, 600], counts);
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
