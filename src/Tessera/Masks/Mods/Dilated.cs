namespace Tessera.Masks.Mods;

/// <summary>A sliding window with holes: a query sees keys at most <paramref name="Radius"/> away whose distance is a multiple of
/// <paramref name="Dilation"/> (Longformer).</summary>
/// <param name="Radius">Largest distance; at least 0.</param>
/// <param name="Dilation">Distance between visible keys; at least 1.</param>
public readonly record struct Dilated(int Radius, int Dilation) : IMaskMod
{
    /// <inheritdoc/>
    public bool Allows(TokenPair pair)
    {
        int distance = Math.Abs(pair.Query - pair.Key);
        return distance <= Radius && distance % Dilation == 0;
    }

    /// <inheritdoc/>
    public BlockCoverage Classify(int head, int queryStart, int queryCount, int keyStart, int keyCount)
    {
        BlockCoverage window = new SlidingWindow(Radius).Classify(head, queryStart, queryCount, keyStart, keyCount);
        return window == BlockCoverage.Full && Dilation > 1 ? BlockCoverage.Partial : window;
    }

    /// <inheritdoc/>
    public override string ToString() => $"dilated-{Radius}-by-{Dilation}";
}
