using System.Diagnostics;
using Tessera.Attention;
using Tessera.Cli.Inputs;

namespace Tessera.Benchmarks.Timing;

/// <summary>
/// A whole call as a model makes it: ask for the plan, compile it unless it is the one of the call before, run it. A method that plans from
/// Q and K pays for planning and compiling in every call, a stored plan for neither.
/// </summary>
internal sealed class MethodContestant(
    string name, Func<HeadTensors, AttentionPlan> plan, IAttentionBackend backend, HeadTensors tensors, float[] output)
    : IContestant
{
    private IAttentionKernel? _kernel;

    public string Name => name;

    public double Density => _kernel?.Plan.Mask.Density ?? double.NaN;

    /// <summary>Plan of the last call.</summary>
    public AttentionPlan Plan => _kernel?.Plan ?? throw new InvalidOperationException("Nothing has run yet.");

    public Sample Run()
    {
        double processor = ProcessorClock.Own.Seconds;
        long start = Stopwatch.GetTimestamp();
        AttentionPlan wanted = plan(tensors);
        long planned = Stopwatch.GetTimestamp();
        if (!ReferenceEquals(_kernel?.Plan, wanted))
        {
            _kernel?.Dispose();
            _kernel = backend.Compile(wanted);
        }

        long compiled = Stopwatch.GetTimestamp();
        AttentionStatistics statistics = _kernel.Run(tensors.Inputs, tensors.Like(output));
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        StageTimes stages = statistics.Stages with { Plan = statistics.Stages.Plan + Stopwatch.GetElapsedTime(start, planned) };
        return new Sample(seconds, ProcessorClock.Own.Seconds - processor, stages, Stopwatch.GetElapsedTime(planned, compiled));
    }

    public void Dispose() => _kernel?.Dispose();
}
