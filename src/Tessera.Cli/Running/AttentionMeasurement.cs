using Tessera.Attention;

namespace Tessera.Cli.Running;

/// <summary>One plan run on one input.</summary>
/// <param name="Plan">What ran.</param>
/// <param name="Choice">Where it ran and why there.</param>
/// <param name="PlanTime">Time of making the plan.</param>
/// <param name="CompileTime">Time of compiling it.</param>
/// <param name="PlansPerCall">Whether both happen in every call (online methods), so that they count.</param>
/// <param name="Wall">Wall time of the run, planning and compiling excluded.</param>
/// <param name="Statistics">Blocks and stages.</param>
/// <param name="Output">[B, H, L, D] in natural order.</param>
internal sealed record AttentionMeasurement(
    AttentionPlan Plan, BackendChoice Choice, TimeSpan PlanTime, TimeSpan CompileTime, bool PlansPerCall, TimeSpan Wall,
    AttentionStatistics Statistics, float[] Output)
{
    /// <summary>Distance to dense float32, or null when nothing was compared.</summary>
    public PlanFidelity? Fidelity { get; init; }

    /// <summary>Stages of one call: planning and compiling are in <see cref="StageTimes.Plan"/> where they happen in every call.</summary>
    public StageTimes Stages =>
        Statistics.Stages with { Plan = Statistics.Stages.Plan + (PlansPerCall ? PlanTime + CompileTime : TimeSpan.Zero) };

    /// <summary>Wall time of one call.</summary>
    public TimeSpan PerCall => Wall + (PlansPerCall ? PlanTime + CompileTime : TimeSpan.Zero);

    /// <summary>Every stage of a call but attention.</summary>
    public TimeSpan Overhead => Stages.Total - Stages.Attend;
}
