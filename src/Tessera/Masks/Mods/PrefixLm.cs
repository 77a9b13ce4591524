namespace Tessera.Masks.Mods;

/// <summary>Every query sees the whole prefix; behind it attention is causal.</summary>
/// <param name="PrefixLength">Tokens of the prefix.</param>
public readonly record struct PrefixLm(int PrefixLength) : IMaskMod
{
    /// <inheritdoc/>
    public bool Allows(TokenPair pair) => pair.Key < PrefixLength || pair.Key <= pair.Query;

    /// <inheritdoc/>
    public BlockCoverage Classify(int head, int queryStart, int queryCount, int keyStart, int keyCount)
    {
        int lastKey = keyStart + keyCount - 1;
        return lastKey < PrefixLength || lastKey <= queryStart ? BlockCoverage.Full
            : keyStart >= PrefixLength && keyStart > queryStart + queryCount - 1 ? BlockCoverage.Empty
            : BlockCoverage.Partial;
    }

    /// <inheritdoc/>
    public override string ToString() => $"prefix-lm-{PrefixLength}";
}
