using Tessera.Masks;
using Tessera.Masks.Mods;

namespace Tessera.Serialization.Plans;

/// <summary>
/// A composition read from a file: the same pairs, coverage and name as <see cref="And{TFirst, TSecond}"/>,
/// <see cref="Or{TFirst, TSecond}"/> and
/// <see cref="Not{TMod}"/>, with one indirect call a part, since the types of the parts are known at run time only.
/// </summary>
/// <param name="Operator"><c>and</c>, <c>or</c> or <c>not</c>.</param>
/// <param name="First">The first part.</param>
/// <param name="Second">The second part; null for <c>not</c>.</param>
internal readonly record struct CombinedMask(string Operator, MaskPredicate First, MaskPredicate? Second) : IMaskMod, ICompositeMaskMod
{
    IMaskMod ICompositeMaskMod.First => First.Mod;

    IMaskMod? ICompositeMaskMod.Second => Second?.Mod;

    /// <inheritdoc/>
    public bool Allows(TokenPair pair) => Operator switch
    {
        "and" => First.Allows(pair) && Second!.Allows(pair),
        "or" => First.Allows(pair) || Second!.Allows(pair),
        _ => !First.Allows(pair),
    };

    /// <inheritdoc/>
    public BlockCoverage Classify(int head, int queryStart, int queryCount, int keyStart, int keyCount)
    {
        BlockCoverage first = First.Classify(head, queryStart, queryCount, keyStart, keyCount);
        if (Second is null)
        {
            return BlockCoverage.Full - (int)first;
        }

        // Empty < Partial < Full: a conjunction is as empty as its emptier part, a disjunction as full as its fuller one.
        BlockCoverage second = Second.Classify(head, queryStart, queryCount, keyStart, keyCount);
        return (second < first) == (Operator == "and") ? second : first;
    }

    /// <inheritdoc/>
    public override string ToString() => Operator switch
    {
        "and" => $"({First} & {Second})",
        "or" => $"({First} | {Second})",
        _ => $"!{First}",
    };
}
