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

    /// <summary>
    /// Attention of a few query rows, dense and under masks: what methods look at that judge masks online (Sparse VideoGen). All masks
    /// share one pass over the keys; nothing of the size of the map is stored.
    /// </summary>
    /// <param name="inputs">Q, K and V.</param>
    /// <param name="batch">Batch index.</param>
    /// <param name="head">Head index.</param>
    /// <param name="scale">Softmax scale.</param>
    /// <param name="queries">Query tokens of the rows, 1 to 64; a token may stand more than once.</param>
    /// <param name="masks">Masks; each cuts all keys into runs. May be empty.</param>
    /// <param name="destination">
    /// Receives [1 + masks, rows, D]: the outputs of dense attention, then those under each mask. A row that sees no key is 0.
    /// </param>
    /// <param name="cancellationToken">Polled between strips of keys.</param>
    void ReadRows(
        in AttentionInputs inputs, int batch, int head, double scale, ReadOnlySpan<int> queries, IReadOnlyList<KeyRun[]> masks,
        Span<float> destination, CancellationToken cancellationToken = default);
}
