namespace Tessera.Layout;

/// <summary>A run of storage slots.</summary>
/// <param name="Start">First slot.</param>
/// <param name="Count">Number of slots; zero for an empty run.</param>
public readonly record struct SlotRange(int Start, int Count)
{
    /// <summary>One past the last slot.</summary>
    public int End => Start + Count;

    /// <summary>The blocks of <paramref name="blockSize"/> slots that the run touches, as [first, one past last).</summary>
    public (int First, int End) Blocks(int blockSize) =>
        Count == 0 ? (Start / blockSize, Start / blockSize) : (Start / blockSize, CeilingDivision.Of(End, blockSize));

    /// <inheritdoc/>
    public override string ToString() => $"{Start}..{End}";
}
