using Tessera.Benchmarks.Timing;
using Xunit;

namespace Tessera.Benchmarks.Tests.Timing;

public sealed class RunTimesTests
{
    [Theory]
    [InlineData(new[] { 3.0, 1, 2 }, 2)]
    [InlineData(new[] { 4.0, 1, 2, 100 }, 3)]
    [InlineData(new[] { 5.0 }, 5)]
    public void The_median_is_the_middle(double[] values, double wanted) => Assert.Equal(wanted, RunTimes.MedianOf(values));

    [Fact]
    public void Wall_and_processor_time_have_medians_of_their_own()
    {
        RunTimes times = RunTimes.Of([new Sample(1, 30), new Sample(2, 10), new Sample(9, 20)]);
        Assert.Equal(new RunTimes(2, 1, 9, 20), times);
    }
}
