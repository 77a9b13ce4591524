using Tessera.Neural.Products;

namespace Tessera.Wan.Transformer;

/// <summary>How the transformer uses the machine.</summary>
public sealed record WanTransformerOptions
{
    /// <summary>Threads; 0 for all processors. Results do not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>
    /// What the products of the layers' wide projections round their operands to: q, k, v and output of the self-attention, q and output of
    /// the cross-attention, both products of the feed-forward layer. Embeddings, the time, the head and keys and values of the text stay
    /// binary32.
    /// </summary>
    public ProductPrecision Precision { get; init; }
}
