namespace Tessera.Backends.Cpu;

/// <summary>
/// Key blocks whose packed operands are in memory at once. A head that does not fit is attended range by range; output rows and softmax
/// state wait in between.
/// </summary>
/// <param name="First">First key block.</param>
/// <param name="End">Key block after the last.</param>
/// <param name="Blocks">Key blocks of the head.</param>
internal readonly record struct KeyRange(int First, int End, int Blocks)
{
    /// <summary>Whether no range came before.</summary>
    public bool IsFirst => First == 0;

    /// <summary>Whether no range follows.</summary>
    public bool IsLast => End == Blocks;

    /// <summary>The part of an ascending list of key blocks that lies in the range.</summary>
    public ReadOnlySpan<int> Of(ReadOnlySpan<int> blocks)
    {
        int first = LowerBound(blocks, First);
        return blocks[first..LowerBound(blocks, End)];
    }

    private static int LowerBound(ReadOnlySpan<int> blocks, int value)
    {
        int found = blocks.BinarySearch(value);
        return found < 0 ? ~found : found;
    }
}
