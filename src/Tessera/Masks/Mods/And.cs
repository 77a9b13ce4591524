namespace Tessera.Masks.Mods;

/// <summary>Pairs that both functors allow: FlexAttention's <c>and_masks</c>, specialised by the compiler.</summary>
/// <param name="First">One functor.</param>
/// <param name="Second">The other.</param>
public readonly record struct And<TFirst, TSecond>(TFirst First, TSecond Second) : IMaskMod, ICompositeMaskMod
    where TFirst : struct, IMaskMod
    where TSecond : struct, IMaskMod
{
    string ICompositeMaskMod.Operator => "and";

    IMaskMod ICompositeMaskMod.First => First;

    IMaskMod? ICompositeMaskMod.Second => Second;

    /// <inheritdoc/>
    public bool Allows(TokenPair pair) => First.Allows(pair) && Second.Allows(pair);

    /// <inheritdoc/>
    public BlockCoverage Classify(int head, int queryStart, int queryCount, int keyStart, int keyCount)
    {
        BlockCoverage first = First.Classify(head, queryStart, queryCount, keyStart, keyCount);
        if (first == BlockCoverage.Empty)
        {
            return first;
        }

        // Empty < Partial < Full: the emptier of two exact or unknown coverages is what is known of the conjunction.
        BlockCoverage second = Second.Classify(head, queryStart, queryCount, keyStart, keyCount);
        return second < first ? second : first;
    }

    /// <inheritdoc/>
    public override string ToString() => $"({First} & {Second})";
}
