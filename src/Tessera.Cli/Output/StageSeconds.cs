using Tessera.Attention;

namespace Tessera.Cli.Output;

/// <summary>Wall seconds of the stages of one call. A stage fused into another is 0.</summary>
/// <param name="Plan">Planning.</param>
/// <param name="Permute">Reordering outside the packing pass.</param>
/// <param name="Quantize">Smoothing, quantising and packing.</param>
/// <param name="Attend">Scores, softmax, PV.</param>
internal sealed record StageSeconds(double Plan, double Permute, double Quantize, double Attend)
{
    public static StageSeconds Of(StageTimes times) =>
        new(times.Plan.TotalSeconds, times.Permute.TotalSeconds, times.Quantize.TotalSeconds, times.Attend.TotalSeconds);
}
