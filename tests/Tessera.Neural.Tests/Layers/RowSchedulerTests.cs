using Tessera.Neural.Layers;
using Xunit;

namespace Tessera.Neural.Tests.Layers;

public sealed class RowSchedulerTests
{
    [Theory]
    [InlineData(0, 10, 0)]
    [InlineData(1, 0, 0)]
    [InlineData(1000, 3, 1)]
    [InlineData(70001, 3, 0)]
    [InlineData(9, 1 << 20, 3)]
    public unsafe void Every_row_is_done_once(int rows, int width, int threads)
    {
        int[] counts = new int[rows + 1];
        fixed (int* first = counts)
        {
            RowScheduler.Run(rows, width, new CountingJob(first), threads);
        }

        Assert.All(counts[..rows], static count => Assert.Equal(1, count));
        Assert.Equal(0, counts[rows]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public unsafe void Cancelling_stops_it(int threads)
    {
        CancellationToken cancelled = new(canceled: true);
        Assert.Throws<OperationCanceledException>(() => RowScheduler.Run(100, 1 << 20, new CountingJob(null), threads, cancelled));
        Assert.Throws<ArgumentOutOfRangeException>(() => RowScheduler.Run(-1, 1, new CountingJob(null)));
    }

    private readonly unsafe struct CountingJob(int* counts) : IRowJob
    {
        public void Execute(int first, int count)
        {
            for (int row = first; row < first + count; row++)
            {
                counts[row]++;
            }
        }
    }
}
