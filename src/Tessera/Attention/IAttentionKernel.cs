using System.Numerics.Tensors;

namespace Tessera.Attention;

/// <summary>A compiled plan. Run it many times; one run at a time per instance (scratch memory is its own).</summary>
public interface IAttentionKernel : IDisposable
{
    /// <summary>The plan it was compiled from.</summary>
    AttentionPlan Plan { get; }

    /// <summary>Bytes of scratch memory that the kernel holds between runs; 0 where a backend does not say.</summary>
    long ScratchBytes => 0;

    /// <summary>Computes attention.</summary>
    /// <param name="inputs">Q, K, V in natural token order.</param>
    /// <param name="output">[B, H, Lq, D] in natural token order, any strides with contiguous channels. Rows without a visible key are
    /// 0. Must not overlap the inputs: rows may hold intermediate results while inputs are still read.</param>
    /// <param name="logSumExp">
    /// Empty, or [B, H, Lq] dense in natural token order: the natural logarithm of the sum of exp(score) over visible keys, before any
    /// smoothing; negative infinity for rows without a visible key.
    /// </param>
    /// <param name="cancellationToken">Polled between query blocks.</param>
    /// <exception cref="ArgumentException">A tensor does not fit the plan's shape; the message names both.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the output is then undefined.</exception>
    AttentionStatistics Run(
        in AttentionInputs inputs, TensorSpan<float> output, Span<float> logSumExp = default,
        CancellationToken cancellationToken = default);
}
