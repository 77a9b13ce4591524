using Tessera.Attention;
using Tessera.Cli.Running;

namespace Tessera.Cli.Output;

/// <summary>Wall seconds of the stages of one call. A stage fused into another is 0.</summary>
/// <param name="Plan">Planning: in every call for online methods, once for the others.</param>
/// <param name="Compile">Compiling the plan into a kernel: as often as planning.</param>
/// <param name="Permute">Reordering outside the packing pass.</param>
/// <param name="Quantize">Smoothing, quantising and packing.</param>
/// <param name="Attend">Scores, softmax, PV.</param>
internal sealed record StageSeconds(double Plan, double Compile, double Permute, double Quantize, double Attend)
{
    public static StageSeconds Of(AttentionMeasurement measured) =>
        Of(measured.Statistics.Stages, measured.PlanTime, measured.CompileTime);

    public static StageSeconds Of(StageTimes times, TimeSpan plan, TimeSpan compile) =>
        new((times.Plan + plan).TotalSeconds, compile.TotalSeconds, times.Permute.TotalSeconds,
            times.Quantize.TotalSeconds, times.Attend.TotalSeconds);
}
