using Tessera.Backends.Cpu.Costs;
using Xunit;

namespace Tessera.Tests.Backends.Cpu.Costs;

public sealed class MakespanTests
{
    [Fact]
    public void One_thread_takes_the_sum() => Assert.Equal(6, Makespan.Of([1, 2, 3], threads: 1, wake: 100));

    [Fact]
    public void Nothing_takes_no_time() => Assert.Equal(0, Makespan.Of([], threads: 4, wake: 1));

    [Fact]
    public void A_single_item_does_not_wait_for_others() => Assert.Equal(5, Makespan.Of([5], threads: 4, wake: 100));

    // 9 | 4 3 2: the second thread is done with all small ones when the first is with its large one.
    [Fact]
    public void The_next_item_goes_to_the_thread_that_is_free_first() => Assert.Equal(9, Makespan.Of([9, 4, 3, 2], threads: 2, wake: 0));

    // 3 3 | 2 2 2 when heavy ones come first; in the opposite order 2 2 3 | 2 3.
    [Theory]
    [InlineData(new double[] { 3, 3, 2, 2, 2 }, 7)]
    [InlineData(new double[] { 2, 2, 2, 3, 3 }, 7)]
    [InlineData(new double[] { 1, 1, 1, 1, 10 }, 12)]
    [InlineData(new double[] { 10, 1, 1, 1, 1 }, 10)]
    public void The_hand_out_order_matters(double[] items, double expected) => Assert.Equal(expected, Makespan.Of(items, threads: 2, wake: 0));

    [Fact]
    public void Threads_that_wake_late_take_less() => Assert.Equal(3, Makespan.Of([1, 1, 1, 1], threads: 2, wake: 2));

    [Fact]
    public void The_caller_does_not_wait_for_threads_that_come_too_late() => Assert.Equal(3, Makespan.Of([1, 1, 1], threads: 2, wake: 50));

    [Theory]
    [InlineData(1000, 10, 1, 0.5)]
    [InlineData(1000, 10, 2, 0)]
    [InlineData(1000, 10, 4, 0.25)]
    [InlineData(7, 7, 3, 0.1)]
    public void Equal_items_agree_with_the_hand_out_within_an_item(int count, double work, int threads, double wake)
    {
        double[] items = [.. Enumerable.Repeat(work / count, count)];

        Assert.Equal(Makespan.Of(items, threads, wake), Makespan.OfEqual(count, work, threads, wake), tolerance: work / count);
    }
}
