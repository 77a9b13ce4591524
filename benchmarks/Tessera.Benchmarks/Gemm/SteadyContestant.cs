using System.Diagnostics;
using Tessera.Benchmarks.Timing;

namespace Tessera.Benchmarks.Gemm;

/// <summary>
/// A computation whose second call in a row is timed: the first wakes its threads and takes the caches back from the contestant before.
/// </summary>
internal sealed class SteadyContestant(string name, Action work) : IContestant
{
    public string Name => name;

    public double Density => 1;

    public Sample Run()
    {
        work();
        double processor = ProcessorClock.Own.Seconds;
        long start = Stopwatch.GetTimestamp();
        work();
        return new Sample(Stopwatch.GetElapsedTime(start).TotalSeconds, ProcessorClock.Own.Seconds - processor);
    }

    public void Dispose()
    {
    }
}
