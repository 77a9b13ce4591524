using System.Diagnostics;
using Tessera.Benchmarks.Timing;
using Xunit;

namespace Tessera.Benchmarks.Tests.Timing;

public sealed class ProcessorClockTests
{
    [Fact]
    public void The_clock_counts_work()
    {
        double before = ProcessorClock.Own.Seconds;
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalMilliseconds < 30)
        {
            Thread.SpinWait(1000);
        }

        // A busy machine may give this thread less than all of the time, never none.
        Assert.InRange(ProcessorClock.Own.Seconds - before, 1e-3, double.MaxValue);
    }

    [Fact]
    public void A_sleeping_process_stands_still()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        using Process sleeper = Process.Start("sleep", "5");
        ProcessorClock clock = new(sleeper);
        Thread.Sleep(50);
        double before = clock.Seconds;
        Thread.Sleep(50);
        Assert.Equal(before, clock.Seconds, 3);
        Assert.InRange(before, 1e-9, 1);
        sleeper.Kill();
    }
}
