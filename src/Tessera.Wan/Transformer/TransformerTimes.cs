namespace Tessera.Wan.Transformer;

/// <summary>Wall time of a forward pass by kind of work.</summary>
/// <param name="Linears">Matrix products with weights, with what is fused into them.</param>
/// <param name="SelfAttention">Self-attention, from Q, K and V to what the heads answer.</param>
/// <param name="CrossAttention">Attention to the text, likewise.</param>
/// <param name="Elementwise">Norms, activations and residual sums that are not fused into products.</param>
/// <param name="Ends">Cutting and joining patches, time embedding, checks.</param>
public readonly record struct TransformerTimes(
    TimeSpan Linears, TimeSpan SelfAttention, TimeSpan CrossAttention, TimeSpan Elementwise, TimeSpan Ends)
{
    /// <summary>Sum of all kinds.</summary>
    public TimeSpan Total => Linears + SelfAttention + CrossAttention + Elementwise + Ends;

    /// <summary>Sums two forwards kind by kind.</summary>
    public static TransformerTimes operator +(TransformerTimes left, TransformerTimes right) => new(
        left.Linears + right.Linears, left.SelfAttention + right.SelfAttention, left.CrossAttention + right.CrossAttention,
        left.Elementwise + right.Elementwise, left.Ends + right.Ends);

    /// <summary>Sums two forwards kind by kind.</summary>
    public TransformerTimes Add(TransformerTimes other) => this + other;
}
