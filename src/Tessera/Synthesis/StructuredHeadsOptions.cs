namespace Tessera.Synthesis;

/// <summary>Strengths of what <see cref="StructuredHeads"/> mixes into Q and K. Zero switches a part off.</summary>
public sealed record StructuredHeadsOptions
{
    /// <summary>Kinds of the heads, repeated when there are more heads; empty means all kinds in order.</summary>
    public IReadOnlyList<HeadKind> Kinds { get; init; } = [];

    /// <summary>Mean logit that two tokens of equal content gain; diffuse heads gain three times as much.</summary>
    public double Content { get; init; } = 1;

    /// <summary>Standard deviation of channel noise on Q and K, in units in which q . k is the logit.</summary>
    public double Noise { get; init; } = 0.08;

    /// <summary>Share of a video token's mass that goes to text, in [0, 1).</summary>
    public double TextShare { get; init; } = 0.03;

    /// <summary>
    /// Standard deviation of the per-channel bias of K, in the units of <see cref="Noise"/>. The softmax does not see it; quantisers do.
    /// </summary>
    public double KeyBias { get; init; } = 0.5;

    /// <summary>Magnitude of the bias of the outlier channels, one in 32 and at least one.</summary>
    public double KeyBiasOutlier { get; init; } = 6;

    /// <summary>Draws other content and noise for the same patterns, as another prompt or step would.</summary>
    public int Sample { get; init; }
}
