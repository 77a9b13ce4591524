namespace Tessera.Wan.Transformer;

/// <summary>Places in the transformer that an <see cref="ITransformerObserver"/> sees, in the order in which they are passed.</summary>
public enum TransformerStage
{
    /// <summary>The sinusoids of the timestep, [frequency dim]. Once a forward, layer -1.</summary>
    TimeFrequencies,

    /// <summary>The embedded timestep e, [dim]. Once a forward, layer -1.</summary>
    TimeEmbedding,

    /// <summary>Its projection for all layers, [6, dim]. Once a forward, layer -1.</summary>
    TimeProjection,

    /// <summary>The embedded patches, [tokens, dim]. Once a forward, layer -1.</summary>
    Tokens,

    /// <summary>
    /// Modulation of a layer, [6, dim]: shift, scale and gate of the self-attention, then of the feed-forward layer.
    /// </summary>
    Modulation,

    /// <summary>What self-attention reads, [tokens, dim].</summary>
    SelfAttentionInput,

    /// <summary>Queries of the self-attention after their norm, before they are turned, [tokens, heads, head dim].</summary>
    Query,

    /// <summary>Keys of the self-attention after their norm, before they are turned, [tokens, heads, head dim].</summary>
    Key,

    /// <summary>Values of the self-attention, [tokens, heads, head dim].</summary>
    Value,

    /// <summary>What the heads of the self-attention answer, [tokens, heads, head dim].</summary>
    SelfAttention,

    /// <summary>The same after the output projection, before the gate, [tokens, dim].</summary>
    SelfAttentionOutput,

    /// <summary>The residual stream after the self-attention, [tokens, dim].</summary>
    AfterSelfAttention,

    /// <summary>What cross-attention reads, [tokens, dim].</summary>
    CrossAttentionInput,

    /// <summary>Queries of the cross-attention after their norm, [tokens, heads, head dim].</summary>
    CrossAttentionQuery,

    /// <summary>What the heads of the cross-attention answer, [tokens, heads, head dim].</summary>
    CrossAttention,

    /// <summary>The same after the output projection, [tokens, dim].</summary>
    CrossAttentionOutput,

    /// <summary>The residual stream after the cross-attention, [tokens, dim].</summary>
    AfterCrossAttention,

    /// <summary>What the feed-forward layer reads, [tokens, dim].</summary>
    FeedForwardInput,

    /// <summary>What it answers, before the gate, [tokens, dim].</summary>
    FeedForwardOutput,

    /// <summary>The residual stream after the layer, [tokens, dim].</summary>
    Block,

    /// <summary>The patches of the velocity, [tokens, 4 channels]. Once a forward, layer -1.</summary>
    Head,
}
