namespace Tessera.Masks.Mods;

/// <summary>Pairs that either functor allows: FlexAttention's <c>or_masks</c>, specialised by the compiler.</summary>
/// <param name="First">One functor.</param>
/// <param name="Second">The other.</param>
public readonly record struct Or<TFirst, TSecond>(TFirst First, TSecond Second) : IMaskMod, ICompositeMaskMod
    where TFirst : struct, IMaskMod
    where TSecond : struct, IMaskMod
{
    string ICompositeMaskMod.Operator => "or";

    IMaskMod ICompositeMaskMod.First => First;

    IMaskMod? ICompositeMaskMod.Second => Second;

    /// <inheritdoc/>
    public bool Allows(TokenPair pair) => First.Allows(pair) || Second.Allows(pair);

    /// <inheritdoc/>
    public BlockCoverage Classify(int head, int queryStart, int queryCount, int keyStart, int keyCount)
    {
        BlockCoverage first = First.Classify(head, queryStart, queryCount, keyStart, keyCount);
        if (first == BlockCoverage.Full)
        {
            return first;
        }

        BlockCoverage second = Second.Classify(head, queryStart, queryCount, keyStart, keyCount);
        return second > first ? second : first;
    }

    /// <inheritdoc/>
    public override string ToString() => $"({First} | {Second})";
}
