using Tessera.Layout;

namespace Tessera.Attention;

/// <summary>
/// Streams statistics of the softmax map P of one head without ever storing it: what calibration (PARO) and reports look at.
/// Backends implement it beside their kernels; methods receive one as an argument and know no backend.
/// </summary>
public interface IAttentionMapReader
{
    /// <summary>Natural-log row sums of exp(scale * q . k) over all keys.</summary>
    /// <param name="inputs">Q and K; V is not read.</param>
    /// <param name="batch">Batch index.</param>
    /// <param name="head">Head index.</param>
    /// <param name="scale">Softmax scale.</param>
    /// <param name="logSumExp">Lq values in natural token order.</param>
    /// <param name="cancellationToken">Polled between block rows.</param>
    void ReadLogSumExp(
        in AttentionInputs inputs, int batch, int head, double scale, Span<float> logSumExp, CancellationToken cancellationToken = default);

    /// <summary>
    /// Per block of the reordered map P = exp(scale * q . k - LSE): sum, maximum, and count of entries below a threshold.
    /// </summary>
    /// <param name="inputs">Q and K; V is not read.</param>
    /// <param name="batch">Batch index.</param>
    /// <param name="head">Head index.</param>
    /// <param name="order">Order of queries and keys; null for natural order.</param>
    /// <param name="scale">Softmax scale.</param>
    /// <param name="logSumExp">Lq values in natural token order, from <see cref="ReadLogSumExp"/>.</param>
    /// <param name="epsilon">Threshold of the count.</param>
    /// <param name="queryBlocks">Block rows to read, ascending; empty means all. Rows not read stay zero.</param>
    /// <param name="destination">Receives the statistics; sized for the order's slots.</param>
    /// <param name="cancellationToken">Polled between block rows.</param>
    void ReadBlocks(
        in AttentionInputs inputs, int batch, int head, TokenOrder? order, double scale, ReadOnlySpan<float> logSumExp, float epsilon,
        ReadOnlySpan<int> queryBlocks, BlockMapStatistics destination, CancellationToken cancellationToken = default);
}
