namespace Tessera.Masks;

/// <summary>
/// FlexAttention's <c>mask_mod</c> as a struct functor: true lets the query see the key. Implement on a <c>readonly record struct</c>
/// so that kernels specialise on it and its <c>ToString</c> names its parameters.
/// </summary>
public interface IMaskMod
{
    /// <summary>Whether the query of <paramref name="pair"/> sees the key.</summary>
    bool Allows(TokenPair pair);

    /// <summary>
    /// What is known about every pair of a rectangle of natural tokens without looking at each one; <see cref="BlockCoverage.Partial"/>
    /// when nothing cheap is known. Lets <see cref="BlockMaskBuilder"/> classify blocks analytically instead of visiting N x N pairs.
    /// </summary>
    /// <param name="head">Head index.</param>
    /// <param name="queryStart">First query token.</param>
    /// <param name="queryCount">Number of consecutive query tokens; at least 1.</param>
    /// <param name="keyStart">First key token.</param>
    /// <param name="keyCount">Number of consecutive key tokens; at least 1.</param>
    BlockCoverage Classify(int head, int queryStart, int queryCount, int keyStart, int keyCount) => BlockCoverage.Partial;
}
