using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;

namespace Tessera.Cuda.Planning;

/// <summary>
/// A block mask as the kernels read it: for each block row a list of key blocks of 64 slots, for partial blocks a word of 64 bits a query
/// slot, for padded orders the valid slots of each key block, and the order in which thread blocks take their work.
/// </summary>
internal sealed class BlockLists
{
    private const int KeySlots = PlannedAttention.KeySlots;

    private BlockLists(int maskHeads, int maskRows, int maskRowSlots)
    {
        MaskHeads = maskHeads;
        MaskRows = maskRows;
        MaskRowSlots = maskRowSlots;
    }

    /// <summary>1, or one list a row for each head.</summary>
    public int MaskHeads { get; }

    /// <summary>Block rows.</summary>
    public int MaskRows { get; }

    /// <summary>Slots of a block row.</summary>
    public int MaskRowSlots { get; }

    /// <summary>Where each row's list begins, with the end of the last; empty when everything is kept.</summary>
    public int[] RowStart { get; private init; } = [];

    /// <summary>Key blocks of the rows, ascending.</summary>
    public int[] Blocks { get; private init; } = [];

    /// <summary>
    /// For each entry of <see cref="Blocks"/> its place in <see cref="MaskBits"/>, or negative; empty without partial blocks.
    /// </summary>
    public int[] BlockMasks { get; private init; } = [];

    /// <summary>[partial blocks, slots of a row]: bit k is whether the slot sees key k of the block.</summary>
    public ulong[] MaskBits { get; private init; } = [];

    /// <summary>Whether a mask keeps every block whole, so that no lists are needed.</summary>
    public static bool KeepsEverything(BlockMask mask) =>
        mask.Predicate is null && mask.KeptBlocks == (long)mask.MaskHeads * mask.QueryBlocks * mask.KeyBlocks;

    /// <summary>
    /// Writes the lists of a plan. A partial block that turns out empty is dropped, one that turns out whole needs no bits.
    /// </summary>
    public static BlockLists Of(AttentionPlan plan)
    {
        BlockMask mask = plan.Mask;
        if (KeepsEverything(mask))
        {
            return new BlockLists(1, mask.QueryBlocks, mask.Size.Query);
        }

        // Functors that may tell heads apart, and orders that differ by head, make bits of their own for each head.
        bool perHead = mask.MaskHeads > 1
            || (mask.Predicate is { } predicate && (plan.Orders.Count > 1 || !MaskUniformity.IsUniform(predicate)));
        int heads = perHead ? plan.Shape.Heads : 1;
        List<int> blocks = [];
        List<int> masks = [];
        List<ulong> bits = [];
        int[] rowStart = new int[(heads * mask.QueryBlocks) + 1];
        for (int head = 0; head < heads; head++)
        {
            PartialBits partial = new(plan, head, bits);
            for (int row = 0; row < mask.QueryBlocks; row++)
            {
                AddRow(mask, partial, head, row, blocks, masks);
                rowStart[(head * mask.QueryBlocks) + row + 1] = blocks.Count;
            }
        }

        return new BlockLists(heads, mask.QueryBlocks, mask.Size.Query)
        {
            RowStart = rowStart,
            Blocks = [.. blocks],
            BlockMasks = bits.Count == 0 ? [] : [.. masks],
            MaskBits = [.. bits],
        };
    }

    /// <summary>
    /// Work of each thread block: some heads after another, so that their keys and values stay in the second-level cache, and within them
    /// longest list first and otherwise in natural sequence, so that the last blocks to start are short. Empty when all lists are
    /// equally long.
    /// </summary>
    /// <param name="batch">Sequences.</param>
    /// <param name="heads">Heads of a sequence.</param>
    /// <param name="queryTiles">Query tiles of a head.</param>
    /// <param name="rows">Slots of a tile.</param>
    /// <param name="together">Heads that are worked on together, <see cref="LaunchHeuristics.HeadsTogether"/>.</param>
    public int[] Schedule(int batch, int heads, int queryTiles, int rows, int together)
    {
        if (RowStart.Length == 0)
        {
            return [];
        }

        int[] lengths = new int[batch * heads * queryTiles];
        for (int work = 0; work < lengths.Length; work++)
        {
            int head = MaskHeads == 1 ? 0 : work / queryTiles % heads;
            int row = (head * MaskRows) + (work % queryTiles * rows / MaskRowSlots);
            lengths[work] = RowStart[row + 1] - RowStart[row];
        }

        return lengths.AsSpan().ContainsAnyExcept(lengths[0])
            ? [.. Enumerable.Range(0, lengths.Length).OrderBy(work => work / queryTiles / together).ThenByDescending(work => lengths[work])]
            : [];
    }

    /// <summary>Valid slots of each key block, [orders, key blocks]; empty when only the end of the last block is padding.</summary>
    public static int[] KeyCounts(AttentionPlan plan)
    {
        if (!plan.Orders.Any(static order => order.IsPadded))
        {
            return [];
        }

        int blocks = CeilingDivision.Of(plan.Mask.KeySlots, KeySlots);
        int[] counts = new int[plan.Orders.Count * blocks];
        for (int i = 0; i < plan.Orders.Count; i++)
        {
            ReadOnlySpan<int> tokens = plan.Orders[i].TokenAtSlot;
            for (int slot = 0; slot < tokens.Length; slot++)
            {
                counts[(i * blocks) + (slot / KeySlots)] += tokens[slot] == TokenOrder.Padding ? 0 : 1;
            }
        }

        return counts;
    }

    private static void AddRow(BlockMask mask, PartialBits partial, int head, int row, List<int> blocks, List<int> masks)
    {
        ReadOnlySpan<int> full = mask.FullKeyBlocks(head, row);
        ReadOnlySpan<int> some = mask.PartialKeyBlocks(head, row);
        int parts = mask.Size.Key / KeySlots;
        int nextFull = 0;
        int nextSome = 0;
        while (nextFull < full.Length || nextSome < some.Length)
        {
            bool takesFull = nextSome == some.Length || (nextFull < full.Length && full[nextFull] < some[nextSome]);
            int block = takesFull ? full[nextFull++] : some[nextSome++];
            for (int part = 0; part < parts && ((block * parts) + part) * KeySlots < mask.KeySlots; part++)
            {
                int index = (block * parts) + part;
                int bits = takesFull ? PartialBits.Whole : partial.Add(row, index);
                if (bits != PartialBits.Empty)
                {
                    blocks.Add(index);
                    masks.Add(bits);
                }
            }
        }
    }

    /// <summary>Bits of the partial blocks of one head.</summary>
    private sealed class PartialBits(AttentionPlan plan, int head, List<ulong> bits)
    {
        public const int Whole = -1;
        public const int Empty = -2;

        private readonly BlockMask _mask = plan.Mask;
        private readonly TokenOrder? _order = plan.OrderOf(head);
        private readonly ulong[] _rows = new ulong[plan.Mask.Size.Query];

        /// <summary>Writes the bits of a block of 64 keys; answers their index, or that all or none of its pairs are visible.</summary>
        public int Add(int queryBlock, int keyBlock)
        {
            int firstKey = keyBlock * KeySlots;
            int keys = Math.Min(KeySlots, _mask.KeySlots - firstKey);
            bool any = false;
            bool all = true;
            for (int r = 0; r < _rows.Length; r++)
            {
                int slot = (queryBlock * _mask.Size.Query) + r;
                int query = slot < _mask.QuerySlots ? TokenAt(slot) : TokenOrder.Padding;
                ulong visible = 0;
                ulong valid = 0;
                for (int k = 0; query >= 0 && k < keys; k++)
                {
                    int key = TokenAt(firstKey + k);
                    if (key >= 0)
                    {
                        valid |= 1UL << k;
                        visible |= _mask.Predicate!.Allows(new TokenPair(0, head, query, key)) ? 1UL << k : 0;
                    }
                }

                _rows[r] = visible;
                any |= visible != 0;
                all &= visible == valid;
            }

            if (!any || all)
            {
                return any ? Whole : Empty;
            }

            int index = bits.Count / _rows.Length;
            bits.AddRange(_rows);
            return index;
        }

        private int TokenAt(int slot) => _order?.TokenAt(slot) ?? slot;
    }
}
