using Tessera.Layout;

namespace Tessera.Masks;

/// <summary>
/// Which key blocks each query block visits, per head, in FlexAttention's terms: a list of <i>full</i> blocks, where every valid pair is
/// visible, and a list of <i>partial</i> blocks, whose pairs <see cref="Predicate"/> decides. Empty blocks are in neither list.
/// Block positions are in storage order (slots of the plan's <see cref="TokenOrder"/>). Immutable and safe to share.
/// </summary>
/// <remarks>
/// Lists are stored compressed by row (ascending key blocks, 4 bytes a kept block) instead of FlexAttention's fixed-width index tensor, so
/// memory follows density. Build with <see cref="BlockMaskBuilder"/>; an N x N matrix is never formed.
/// </remarks>
public sealed class BlockMask
{
    private readonly int[] _fullStart;
    private readonly int[] _fullIndices;
    private readonly int[] _partialStart;
    private readonly int[] _partialIndices;

    // A mask that keeps every block has one list, which all rows share.
    private readonly bool _keepsAll;

    internal BlockMask(
        int heads, int querySlots, int keySlots, BlockSize size, int[] fullStart, int[] fullIndices, int[] partialStart,
        int[] partialIndices, MaskPredicate? predicate)
    {
        MaskHeads = heads;
        QuerySlots = querySlots;
        KeySlots = keySlots;
        Size = size;
        QueryBlocks = CeilingDivision.Of(querySlots, size.Query);
        KeyBlocks = CeilingDivision.Of(keySlots, size.Key);
        _fullStart = fullStart;
        _fullIndices = fullIndices;
        _partialStart = partialStart;
        _partialIndices = partialIndices;
        Predicate = predicate;
    }

    private BlockMask(int heads, int querySlots, int keySlots, BlockSize size)
        : this(
            heads, querySlots, keySlots, size, [0, CeilingDivision.Of(keySlots, size.Key)],
            [.. Enumerable.Range(0, CeilingDivision.Of(keySlots, size.Key))], [0, 0], [], predicate: null) => _keepsAll = true;

    /// <summary>Heads with lists of their own; 1 means that all heads share one.</summary>
    public int MaskHeads { get; }

    /// <summary>Query slots covered, padding included.</summary>
    public int QuerySlots { get; }

    /// <summary>Key slots covered, padding included.</summary>
    public int KeySlots { get; }

    /// <summary>Tokens per block.</summary>
    public BlockSize Size { get; }

    /// <summary>Block rows.</summary>
    public int QueryBlocks { get; }

    /// <summary>Block columns.</summary>
    public int KeyBlocks { get; }

    /// <summary>Decides the pairs of partial blocks; null when there are none.</summary>
    public MaskPredicate? Predicate { get; }

    /// <summary>Blocks in the lists of all <see cref="MaskHeads"/>.</summary>
    public long KeptBlocks =>
        _keepsAll ? (long)MaskHeads * QueryBlocks * KeyBlocks : _fullIndices.Length + (long)_partialIndices.Length;

    /// <summary>
    /// Share of blocks computed, over the whole map and all heads, in 0..1. Density counts what is computed, never what is skipped.
    /// </summary>
    public double Density => KeptBlocks / ((double)MaskHeads * QueryBlocks * KeyBlocks);

    /// <summary>The mask that keeps every block of a map.</summary>
    public static BlockMask Dense(int querySlots, int keySlots, BlockSize size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(querySlots, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(keySlots, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(size.Query, 1, nameof(size));
        ArgumentOutOfRangeException.ThrowIfLessThan(size.Key, 1, nameof(size));
        return KeepingAll(1, querySlots, keySlots, size);
    }

    /// <summary>As <see cref="Dense"/>, for heads that have lists of their own elsewhere.</summary>
    internal static BlockMask KeepingAll(int heads, int querySlots, int keySlots, BlockSize size) => new(heads, querySlots, keySlots, size);

    /// <summary>Ascending full key blocks of a block row.</summary>
    public ReadOnlySpan<int> FullKeyBlocks(int head, int queryBlock) => Row(_fullStart, _fullIndices, head, queryBlock);

    /// <summary>Ascending partial key blocks of a block row.</summary>
    public ReadOnlySpan<int> PartialKeyBlocks(int head, int queryBlock) => Row(_partialStart, _partialIndices, head, queryBlock);

    /// <summary>Kept key blocks of a block row, full and partial.</summary>
    public int KeptInRow(int head, int queryBlock) => FullKeyBlocks(head, queryBlock).Length + PartialKeyBlocks(head, queryBlock).Length;

    /// <summary>Coverage of one block.</summary>
    public BlockCoverage Coverage(int head, int queryBlock, int keyBlock) =>
        FullKeyBlocks(head, queryBlock).BinarySearch(keyBlock) >= 0 ? BlockCoverage.Full
        : PartialKeyBlocks(head, queryBlock).BinarySearch(keyBlock) >= 0 ? BlockCoverage.Partial
        : BlockCoverage.Empty;

    /// <summary>Share of blocks computed in one head.</summary>
    public double HeadDensity(int head)
    {
        long kept = 0;
        for (int row = 0; row < QueryBlocks; row++)
        {
            kept += KeptInRow(head, row);
        }

        return kept / ((double)QueryBlocks * KeyBlocks);
    }

    /// <summary>
    /// Density over the blocks that hold no text token, the way PAROAttention counts it; equal to <see cref="Density"/> without text.
    /// </summary>
    /// <param name="grid">The grid whose text tokens are left out.</param>
    /// <param name="order">Order of one head (its slots decide which blocks hold text); text stands alike in all heads.</param>
    public double VideoDensity(TokenGrid grid, TokenOrder order)
    {
        ArgumentNullException.ThrowIfNull(order);
        bool[] textRow = HoldsText(grid, order, Size.Query, QueryBlocks);
        bool[] textColumn = HoldsText(grid, order, Size.Key, KeyBlocks);
        long kept = 0;
        for (int head = 0; head < MaskHeads; head++)
        {
            for (int row = 0; row < QueryBlocks; row++)
            {
                if (!textRow[row])
                {
                    kept += CountVideo(FullKeyBlocks(head, row), textColumn) + CountVideo(PartialKeyBlocks(head, row), textColumn);
                }
            }
        }

        long rows = textRow.Count(static text => !text);
        long columns = textColumn.Count(static text => !text);
        return rows * columns == 0 ? Density : kept / ((double)MaskHeads * rows * columns);
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{QueryBlocks}x{KeyBlocks} blocks of {Size}, {(MaskHeads == 1 ? "all heads" : $"{MaskHeads} heads")}, "
            + $"density {Density:0.000}{(Predicate is null ? "" : $", {Predicate}")}";

    private static bool[] HoldsText(TokenGrid grid, TokenOrder order, int block, int blocks)
    {
        bool[] text = new bool[blocks];
        for (int slot = 0; slot < order.Slots; slot++)
        {
            int token = order.TokenAt(slot);
            text[slot / block] |= token >= 0 && grid.IsText(token);
        }

        return text;
    }

    private static long CountVideo(ReadOnlySpan<int> blocks, bool[] textColumn)
    {
        long kept = 0;
        foreach (int block in blocks)
        {
            kept += textColumn[block] ? 0 : 1;
        }

        return kept;
    }

    private ReadOnlySpan<int> Row(int[] start, int[] indices, int head, int queryBlock)
    {
        int row = _keepsAll ? 0 : ((MaskHeads == 1 ? 0 : head) * QueryBlocks) + queryBlock;
        return indices.AsSpan(start[row], start[row + 1] - start[row]);
    }
}
