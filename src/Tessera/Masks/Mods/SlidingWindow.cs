namespace Tessera.Masks.Mods;

/// <summary>
/// A query sees the keys at most <paramref name="Radius"/> positions away on either side. For a causal window take <c>And&lt;Causal,
/// SlidingWindow&gt;</c>.
/// </summary>
/// <param name="Radius">Largest distance; at least 0.</param>
public readonly record struct SlidingWindow(int Radius) : IMaskMod
{
    /// <inheritdoc/>
    public bool Allows(TokenPair pair) => Math.Abs(pair.Query - pair.Key) <= Radius;

    /// <inheritdoc/>
    public BlockCoverage Classify(int head, int queryStart, int queryCount, int keyStart, int keyCount)
    {
        int leftmost = keyStart - (queryStart + queryCount - 1);
        int rightmost = keyStart + keyCount - 1 - queryStart;
        return leftmost >= -Radius && rightmost <= Radius ? BlockCoverage.Full
            : rightmost < -Radius || leftmost > Radius ? BlockCoverage.Empty
            : BlockCoverage.Partial;
    }

    /// <inheritdoc/>
    public override string ToString() => $"sliding-window-{Radius}";
}
