using Tessera.Wan.SelfAttention;
using Tessera.Wan.Transformer;

namespace Tessera.Wan.Pipeline;

/// <summary>Where the time of one denoising step went, both passes of the guidance together. Seconds of wall time.</summary>
/// <param name="Step">Step, from 0.</param>
/// <param name="Seconds">The whole step, saving of its state excluded.</param>
/// <param name="Phase">What self-attention ran.</param>
/// <param name="Density">Share of blocks that self-attention computed.</param>
/// <param name="Linears">Matrix products with weights.</param>
/// <param name="SelfAttention">Self-attention: planning, packing, scores and values.</param>
/// <param name="CrossAttention">Attention to the text.</param>
/// <param name="Elementwise">Norms, activations and residual sums.</param>
/// <param name="Ends">Patches, time embedding and checks.</param>
public sealed record StepTiming(
    int Step, double Seconds, string Phase, double Density, double Linears, double SelfAttention, double CrossAttention,
    double Elementwise, double Ends)
{
    /// <summary>Part of <see cref="SelfAttention"/> in which plans were made: online methods, and calibration within the
    /// generation.</summary>
    public double Planning { get; init; }

    /// <summary>Part of <see cref="SelfAttention"/> in which plans became kernels.</summary>
    public double Compiling { get; init; }

    /// <summary>Part of <see cref="SelfAttention"/> in which Q, K and V were turned, reordered, quantised and packed.</summary>
    public double Packing { get; init; }

    /// <summary>Part of <see cref="SelfAttention"/> in which scores, softmax and values were computed.</summary>
    public double Attending { get; init; }

    internal static StepTiming Of(
        int step, TimeSpan wall, string phase, TransformerTimes times, in SelfAttentionTimes attention) => new(
            step, wall.TotalSeconds, phase, attention.Density, times.Linears.TotalSeconds, times.SelfAttention.TotalSeconds,
            times.CrossAttention.TotalSeconds, times.Elementwise.TotalSeconds, times.Ends.TotalSeconds)
        {
            Planning = attention.Plan.TotalSeconds,
            Compiling = attention.Compile.TotalSeconds,
            Packing = attention.Quantize.TotalSeconds,
            Attending = attention.Attend.TotalSeconds,
        };
}
