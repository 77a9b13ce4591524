namespace Tessera.Masks.Mods;

/// <summary>Lets every query see every key: FlexAttention's <c>noop_mask</c>.</summary>
public readonly record struct Everything : IMaskMod
{
    /// <inheritdoc/>
    public bool Allows(TokenPair pair) => true;

    /// <inheritdoc/>
    public BlockCoverage Classify(int head, int queryStart, int queryCount, int keyStart, int keyCount) => BlockCoverage.Full;

    /// <inheritdoc/>
    public override string ToString() => "everything";
}
