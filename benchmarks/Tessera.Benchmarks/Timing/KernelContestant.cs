using System.Diagnostics;
using Tessera.Attention;
using Tessera.Cli.Inputs;

namespace Tessera.Benchmarks.Timing;

/// <summary>A plan compiled by a backend, over tensors and an output that contestants of one shape share. Planning is not timed.</summary>
internal sealed class KernelContestant(string name, AttentionPlan plan, IAttentionBackend backend, HeadTensors tensors, float[] output)
    : IContestant
{
    private readonly IAttentionKernel _kernel = backend.Compile(plan);

    public string Name => name;

    public AttentionPlan Plan => plan;

    public double Density => plan.Mask.Density;

    public Sample Run()
    {
        double processor = ProcessorClock.Own.Seconds;
        long start = Stopwatch.GetTimestamp();
        AttentionStatistics statistics = _kernel.Run(tensors.Inputs, tensors.Like(output));
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new Sample(seconds, ProcessorClock.Own.Seconds - processor, statistics.Stages);
    }

    public void Dispose() => _kernel.Dispose();
}
