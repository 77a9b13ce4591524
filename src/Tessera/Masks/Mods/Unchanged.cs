namespace Tessera.Masks.Mods;

/// <summary>Leaves scores as they are: FlexAttention's identity <c>score_mod</c>.</summary>
public readonly record struct Unchanged : IScoreMod
{
    /// <inheritdoc/>
    public float Apply(float score, TokenPair pair) => score;

    /// <inheritdoc/>
    public override string ToString() => "unchanged";
}
