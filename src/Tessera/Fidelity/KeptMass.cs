namespace Tessera.Fidelity;

/// <summary>
/// Attention mass that a sparse plan keeps: per query row exp(LSE_kept - LSE_dense), the share of the dense softmax that falls on kept
/// blocks. Both log-sum-exps come for free from two runs; no map is formed.
/// </summary>
public static class KeptMass
{
    /// <summary>Mean over all rows.</summary>
    /// <param name="dense">Natural-log row sums of the dense run.</param>
    /// <param name="kept">Natural-log row sums of the sparse run, of the same length.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static double Mean(ReadOnlySpan<float> dense, ReadOnlySpan<float> kept)
    {
        if (dense.Length != kept.Length)
        {
            throw new ArgumentException(
                $"The dense run has {dense.Length} rows, the sparse run {kept.Length}; wanted equal counts.", nameof(kept));
        }

        double sum = 0;
        for (int i = 0; i < dense.Length; i++)
        {
            sum += float.IsNegativeInfinity(dense[i]) ? 1 : Math.Exp((double)kept[i] - dense[i]);
        }

        return dense.Length == 0 ? 1 : sum / dense.Length;
    }

    /// <summary>Mean per head of [B, H, L] row sums.</summary>
    /// <param name="dense">Natural-log row sums of the dense run.</param>
    /// <param name="kept">Natural-log row sums of the sparse run.</param>
    /// <param name="heads">H.</param>
    /// <param name="queryLength">L.</param>
    public static double[] PerHead(ReadOnlySpan<float> dense, ReadOnlySpan<float> kept, int heads, int queryLength)
    {
        double[] mass = new double[heads];
        int batches = dense.Length / (heads * queryLength);
        for (int row = 0; row < batches * heads; row++)
        {
            mass[row % heads] += Mean(dense.Slice(row * queryLength, queryLength), kept.Slice(row * queryLength, queryLength)) / batches;
        }

        return mass;
    }
}
