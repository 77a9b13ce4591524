namespace Tessera.Masks.Mods;

/// <summary>
/// ALiBi: a score falls linearly with distance, at slope 2^(-8 (h + 1) / H) in head h of H. Symmetric, so that it also serves attention in
/// both directions.
/// </summary>
/// <param name="Heads">Number of heads; at least 1.</param>
public readonly record struct Alibi(int Heads) : IScoreMod
{
    /// <inheritdoc/>
    public float Apply(float score, TokenPair pair) =>
        score - (float.Exp2(-8f * (pair.Head + 1) / Heads) * Math.Abs(pair.Query - pair.Key));

    /// <inheritdoc/>
    public override string ToString() => $"alibi-{Heads}";
}
