using Tessera.Masks;

namespace Tessera.Backends.Cpu;

/// <summary>
/// The tiles of a plan and the order in which they are handed out: head after head, so that threads share the packed keys of one head in
/// the caches, and heavy ones first within a head and among heads, so that threads finish together. Immutable.
/// </summary>
internal sealed class TileSchedule
{
    private readonly TileTask[][] _tasks;
    private readonly Dictionary<(int First, int Count), int[]> _orders = [];

    public TileSchedule(BlockMask mask, CpuLayout layout)
    {
        _tasks = new TileTask[mask.MaskHeads][];
        for (int head = 0; head < mask.MaskHeads; head++)
        {
            _tasks[head] = Tasks(mask, layout, head);
        }
    }

    /// <summary>Tiles of a head.</summary>
    public ReadOnlySpan<TileTask> TasksOf(int head) => _tasks[_tasks.Length == 1 ? 0 : head];

    /// <summary>
    /// Hand-out order of the tiles of <paramref name="count"/> consecutive (batch, head) pairs from <paramref name="first"/>: entries are
    /// pair index within the group and tile index, two integers each. Made once per group and kept.
    /// </summary>
    public int[] OrderOf(int first, int count, int heads)
    {
        (int First, int Count) key = (_tasks.Length == 1 ? 0 : first % heads, count);
        if (_orders.TryGetValue(key, out int[]? known))
        {
            return known;
        }

        // Words compare faster than tuples: the complement of the cost above, a running number below.
        ulong[] pairs = new ulong[count];
        int total = 0;
        for (int pair = 0; pair < count; pair++)
        {
            long heaviest = 0;
            foreach (TileTask task in TasksOf((first + pair) % heads))
            {
                heaviest = Math.Max(heaviest, task.Cost);
                total++;
            }

            pairs[pair] = Word(heaviest, pair);
        }

        Array.Sort(pairs);
        int[] order = new int[2 * total];
        int next = 0;
        foreach (ulong word in pairs)
        {
            int pair = (int)(uint)word;
            ReadOnlySpan<TileTask> tasks = TasksOf((first + pair) % heads);
            ulong[] words = new ulong[tasks.Length];
            for (int task = 0; task < tasks.Length; task++)
            {
                words[task] = Word(tasks[task].Cost, task);
            }

            Array.Sort(words);
            foreach (ulong task in words)
            {
                order[next++] = pair;
                order[next++] = (int)(uint)task;
            }
        }

        _orders.Add(key, order);
        return order;
    }

    private static ulong Word(long cost, int number) =>
        ((ulong)(uint.MaxValue - (uint)Math.Min(cost, uint.MaxValue)) << 32) | (uint)number;

    private static TileTask[] Tasks(BlockMask mask, CpuLayout layout, int head)
    {
        List<TileTask> tasks = [];
        int block = 0;
        while (block < mask.QueryBlocks)
        {
            int first = block * mask.Size.Query;
            int kept = mask.KeptInRow(head, block);
            int merged = 1;
            if (layout.MergesQueryBlocks)
            {
                while (block + merged < mask.QueryBlocks
                    && (merged + 1) * mask.Size.Query <= CpuLayout.TargetRows
                    && SameLists(mask, head, block, block + merged))
                {
                    merged++;
                }
            }

            int end = Math.Min(first + (merged * mask.Size.Query), mask.QuerySlots);
            int rows = layout.SplitsQueryBlocks ? SplitRows(end - first) : end - first;
            for (int slot = first; slot < end; slot += rows)
            {
                tasks.Add(new TileTask(block, slot, Math.Min(rows, end - slot), kept));
            }

            block += merged;
        }

        return [.. tasks];
    }

    // Equal parts of whole register tiles, none above the target.
    private static int SplitRows(int rows)
    {
        int parts = (rows + CpuLayout.TargetRows - 1) / CpuLayout.TargetRows;
        return Math.Min(rows, CpuLayout.RoundUp((rows + parts - 1) / parts, 8));
    }

    private static bool SameLists(BlockMask mask, int head, int left, int right) =>
        mask.FullKeyBlocks(head, left).SequenceEqual(mask.FullKeyBlocks(head, right))
        && mask.PartialKeyBlocks(head, left).SequenceEqual(mask.PartialKeyBlocks(head, right));
}
