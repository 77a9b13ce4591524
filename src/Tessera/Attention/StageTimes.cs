namespace Tessera.Attention;

/// <summary>Wall time of the stages of one attention call. A stage that is fused into another is zero.</summary>
/// <param name="Plan">Planning from Q and K (online methods).</param>
/// <param name="Permute">Reordering outside the packing pass.</param>
/// <param name="Quantize">Smoothing, absmax, quantisation and packing, with reordering fused where it is.</param>
/// <param name="Attend">Scores, softmax, PV and the inverse order.</param>
public readonly record struct StageTimes(TimeSpan Plan, TimeSpan Permute, TimeSpan Quantize, TimeSpan Attend)
{
    /// <summary>Sum of all stages.</summary>
    public TimeSpan Total => Plan + Permute + Quantize + Attend;
}
