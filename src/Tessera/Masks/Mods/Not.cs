namespace Tessera.Masks.Mods;

/// <summary>Pairs that a functor forbids.</summary>
/// <param name="Mod">The functor.</param>
public readonly record struct Not<TMod>(TMod Mod) : IMaskMod, ICompositeMaskMod
    where TMod : struct, IMaskMod
{
    string ICompositeMaskMod.Operator => "not";

    IMaskMod ICompositeMaskMod.First => Mod;

    IMaskMod? ICompositeMaskMod.Second => null;

    /// <inheritdoc/>
    public bool Allows(TokenPair pair) => !Mod.Allows(pair);

    /// <inheritdoc/>
    public BlockCoverage Classify(int head, int queryStart, int queryCount, int keyStart, int keyCount) =>
        Mod.Classify(head, queryStart, queryCount, keyStart, keyCount) switch
        {
            BlockCoverage.Full => BlockCoverage.Empty,
            BlockCoverage.Empty => BlockCoverage.Full,
            _ => BlockCoverage.Partial,
        };

    /// <inheritdoc/>
    public override string ToString() => $"!{Mod}";
}
