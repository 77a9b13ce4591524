namespace Tessera.Masks.Mods;

/// <summary>Bounds scores smoothly: cap * tanh(score / cap), as Gemma 2 and FlashAttention's <c>softcap</c>.</summary>
/// <param name="Cap">Bound of the scores; positive.</param>
public readonly record struct SoftCap(float Cap) : IScoreMod
{
    /// <inheritdoc/>
    public float Apply(float score, TokenPair pair) => Cap * MathF.Tanh(score / Cap);

    /// <inheritdoc/>
    public override string ToString() => $"soft-cap-{Cap:g}";
}
