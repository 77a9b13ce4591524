namespace Tessera.Masks.Mods;

/// <summary>
/// A query sees keys up to its own position plus an offset. Offset 0 is FlexAttention's rule; key length minus query length aligns the
/// last query with the last key, as FlashAttention-2 does.
/// </summary>
/// <param name="Offset">Added to the query position.</param>
public readonly record struct Causal(int Offset = 0) : IMaskMod
{
    /// <inheritdoc/>
    public bool Allows(TokenPair pair) => pair.Key <= (long)pair.Query + Offset;

    /// <inheritdoc/>
    public BlockCoverage Classify(int head, int queryStart, int queryCount, int keyStart, int keyCount)
    {
        long firstLimit = (long)queryStart + Offset;
        return keyStart + keyCount - 1 <= firstLimit ? BlockCoverage.Full
            : keyStart > firstLimit + queryCount - 1 ? BlockCoverage.Empty
            : BlockCoverage.Partial;
    }

    /// <inheritdoc/>
    public override string ToString() => Offset == 0 ? "causal" : $"causal{Offset:+0;-0}";
}
