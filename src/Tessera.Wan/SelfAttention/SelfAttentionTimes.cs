using Tessera.Attention;

namespace Tessera.Wan.SelfAttention;

/// <summary>What some calls of self-attention computed and how long their stages took. Sums add up.</summary>
/// <param name="Calls">Calls.</param>
/// <param name="BlocksComputed">Blocks whose scores were computed, over heads and calls.</param>
/// <param name="BlocksTotal">Blocks of all maps.</param>
/// <param name="Plan">Planning in the call: online methods, and calibration within a generation.</param>
/// <param name="Compile">Compiling of plans that no kernel was held for.</param>
/// <param name="Quantize">Smoothing, scales, quantisation, rotary embedding and packing, with the token order fused.</param>
/// <param name="Attend">Scores, softmax, PV and the inverse order.</param>
public readonly record struct SelfAttentionTimes(
    int Calls, long BlocksComputed, long BlocksTotal, TimeSpan Plan, TimeSpan Compile, TimeSpan Quantize, TimeSpan Attend)
{
    /// <summary>Sum of the calls' densities.</summary>
    public double DensitySum { get; init; }

    /// <summary>
    /// Share of the maps computed, the mean over calls: blocks of dense and sparse plans may differ in size. 0 without calls.
    /// </summary>
    public double Density => Calls == 0 ? 0 : DensitySum / Calls;

    /// <summary>Sum of all stages.</summary>
    public TimeSpan Total => Plan + Compile + Quantize + Attend;

    /// <summary>Both together.</summary>
    public static SelfAttentionTimes operator +(SelfAttentionTimes left, SelfAttentionTimes right) => Add(left, right);

    /// <summary>Both together.</summary>
    public static SelfAttentionTimes Add(SelfAttentionTimes left, SelfAttentionTimes right) => new(
        left.Calls + right.Calls, left.BlocksComputed + right.BlocksComputed, left.BlocksTotal + right.BlocksTotal,
        left.Plan + right.Plan, left.Compile + right.Compile, left.Quantize + right.Quantize, left.Attend + right.Attend)
    {
        DensitySum = left.DensitySum + right.DensitySum,
    };

    internal static SelfAttentionTimes Of(in AttentionStatistics statistics, TimeSpan plan, TimeSpan compile) => new(
        1, statistics.BlocksComputed, statistics.BlocksTotal, plan + statistics.Stages.Plan, compile,
        statistics.Stages.Permute + statistics.Stages.Quantize, statistics.Stages.Attend)
    {
        DensitySum = statistics.Density,
    };
}
