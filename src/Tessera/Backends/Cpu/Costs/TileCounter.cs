using Tessera.Attention;
using Tessera.Layout;

namespace Tessera.Backends.Cpu.Costs;

/// <summary>Counts the work of one tile of query rows, following <see cref="TileWorker.Attend"/> step by step. Immutable.</summary>
internal sealed class TileCounter
{
    /// <summary>Rows of the tallest register tile; shorter remainders do not fill the multipliers.</summary>
    private const int RegisterRows = 8;

    private readonly AttentionPlan _plan;
    private readonly CpuLayout _layout;
    private readonly KeyBlockSlots[] _slots;
    private readonly bool[] _hasCutBlocks;

    public TileCounter(AttentionPlan plan, CpuLayout layout)
    {
        _plan = plan;
        _layout = layout;
        _slots = new KeyBlockSlots[Math.Max(1, plan.Orders.Count)];
        _hasCutBlocks = new bool[_slots.Length];
        for (int i = 0; i < _slots.Length; i++)
        {
            _slots[i] = new KeyBlockSlots(plan.Orders.Count == 0 ? null : plan.Orders[i], layout.KeySlots, layout.KeyBlock);
            for (int block = 0; block < layout.KeyBlocks; block++)
            {
                _hasCutBlocks[i] |= _slots[i].Extent(block) != layout.KeyStride || _slots[i].HasHoles(block);
            }
        }
    }

    /// <summary>Bytes of a packed block of K and V.</summary>
    public long BlockBytes => 4 * (_layout.KeyBlockFloats + _layout.ValueBlockFloats);

    /// <summary>Writes the units of each term that a tile takes; bytes are left to the caller, who knows what is cached.</summary>
    public void Count(int head, in TileTask task, Span<double> counts)
    {
        counts.Clear();
        double rows = task.Rows;
        double filled = FilledRows(task.Rows);
        ChunkCounts chunks = Walk(head, task);
        double columns = (double)task.KeptBlocks * _layout.KeyStride;
        counts[(int)CostTerm.Tile] = 1;
        counts[(int)CostTerm.Row] = rows;
        counts[(int)CostTerm.RowChannel] = rows * (_layout.DotChannels + _layout.OutputColumns);
        counts[(int)CostTerm.ScoreProduct] = filled * columns * _layout.DotSteps;
        counts[(int)CostTerm.Score] = rows * columns;
        counts[(int)CostTerm.RowBlock] = rows * task.KeptBlocks;
        counts[(int)CostTerm.RowChunk] = rows * chunks.Chunks;
        counts[(int)CostTerm.OutputProduct] = filled * chunks.OutputSteps * _layout.OutputColumns;
        counts[(int)CostTerm.OutputFlush] = filled * (_layout.IntegerOutput ? chunks.Segments : chunks.Chunks) * _layout.OutputColumns;
        counts[(int)CostTerm.SpecialScore] = rows * chunks.SpecialColumns;
        counts[(int)CostTerm.PredicatePair] = rows * chunks.PartialKeys;
        counts[(int)CostTerm.ModifierPair] = _plan.ScoreModifier is null ? 0 : rows * chunks.Keys;
        if (_plan.Normalization == SoftmaxNormalization.WholeRow)
        {
            double whole = (double)_layout.KeyBlocks * _layout.KeyStride;
            counts[(int)CostTerm.ScoreProduct] += filled * whole * _layout.DotSteps;
            counts[(int)CostTerm.WholeRowScore] = rows * whole;
        }

        if (_plan.Recipe.SmoothQuery)
        {
            double seen = _plan.Normalization == SoftmaxNormalization.WholeRow ? (double)chunks.Keys + _layout.KeySlots : chunks.Keys;
            counts[(int)CostTerm.KeyDot] = seen * _layout.Shape.HeadDim;
        }
    }

    /// <summary>Rows of whole register tiles that take as long: a remainder leaves some of the multipliers' latency uncovered.</summary>
    private static double FilledRows(int rows)
    {
        int remainder = rows % RegisterRows;
        return remainder == 0 ? rows : rows - remainder + Math.Min(RegisterRows, CeilingDivision.Of(remainder, 2) * 2 + 2);
    }

    private ChunkCounts Walk(int head, in TileTask task)
    {
        int orderIndex = _slots.Length == 1 ? 0 : head;
        bool skipsTiles = _plan.ProbabilitySkipThreshold is not null;
        ReadOnlySpan<int> partial = _plan.Mask.PartialKeyBlocks(head, task.QueryBlock);
        if (partial.IsEmpty && !_hasCutBlocks[orderIndex])
        {
            return Uniform(task.KeptBlocks, skipsTiles || _plan.ScoreModifier is not null);
        }

        ChunkCounts counts = default;
        ReadOnlySpan<int> full = _plan.Mask.FullKeyBlocks(head, task.QueryBlock);
        int nextFull = 0;
        int nextPartial = 0;
        while (nextFull < full.Length || nextPartial < partial.Length)
        {
            bool special = skipsTiles || _plan.ScoreModifier is not null;
            int count = 0;
            for (; count < _layout.ChunkBlocks && (nextFull < full.Length || nextPartial < partial.Length); count++)
            {
                bool takeFull = nextPartial == partial.Length || (nextFull < full.Length && full[nextFull] < partial[nextPartial]);
                int block = takeFull ? full[nextFull++] : partial[nextPartial++];
                int extent = _slots[orderIndex].Extent(block);
                counts.Add(extent, OutputSteps(extent), CeilingDivision.Of(extent, _layout.SegmentKeys), takeFull ? 0 : extent);
                special |= !takeFull || extent != _layout.KeyStride || _slots[orderIndex].HasHoles(block);
            }

            counts.Chunks++;
            counts.SpecialColumns += special ? (long)count * _layout.KeyStride : 0;
        }

        return counts;
    }

    private ChunkCounts Uniform(int blocks, bool special) => new()
    {
        Chunks = CeilingDivision.Of(blocks, _layout.ChunkBlocks),
        Keys = (long)blocks * _layout.KeyStride,
        OutputSteps = (long)blocks * OutputSteps(_layout.KeyStride),
        Segments = (long)blocks * _layout.SegmentsPerBlock,
        SpecialColumns = special ? (long)blocks * _layout.KeyStride : 0,
    };

    private int OutputSteps(int keys) => _layout.IntegerOutput ? CeilingDivision.Of(keys, 4) : keys;

    private struct ChunkCounts
    {
        public long Chunks;
        public long Keys;
        public long OutputSteps;
        public long Segments;
        public long PartialKeys;
        public long SpecialColumns;

        public void Add(int keys, int outputSteps, int segments, int partialKeys)
        {
            Keys += keys;
            OutputSteps += outputSteps;
            Segments += segments;
            PartialKeys += partialKeys;
        }
    }
}
