using Tessera.Attention;
using Tessera.Backends.Cpu.Kernels;
using Tessera.Backends.Cpu.Packing;
using Tessera.Layout;

namespace Tessera.Backends.Cpu;

/// <summary>
/// Scratch memory of one worker, and the attention of one tile of query rows on it:
/// pack Q; per chunk of kept key blocks: scores = Q K, hide and modify, softmax, output += P V; divide and store rows in natural order.
/// </summary>
internal sealed unsafe partial class TileWorker
{
    private static readonly float NaturalLog2 = (float)Math.Log(2);
    private static readonly float Log2OfE = (float)Math.Log2(Math.E);

    private readonly CpuLayout _layout;
    private readonly float* _output;
    private readonly byte* _codes;
    private readonly float* _bias;
    private readonly float* _queryMean;
    private readonly int* _blocks;
    private readonly bool* _partial;
    private readonly int* _queryTokens;
    private readonly int* _keyTokens;
    private readonly TileSegment* _segments;
    private readonly PackedQueries _queries;
    private readonly float* _denseSum;
    private readonly float* _denseReference;
    private SoftmaxTile _tile;

    public TileWorker(CpuLayout layout, byte* memory)
    {
        _layout = layout;
        Carver carver = new(memory);
        int rows = layout.RowCapacity + 8;
        int maximaStride = CpuLayout.RoundUp(layout.ChunkBlocks, 16);
        _queries.Rows = (float*)carver.Take(4L * rows * layout.QueryStride);
        _queries.RowScales = (float*)carver.Take(4L * rows);
        _queries.RowConstants = (float*)carver.Take(4L * rows);
        _tile.Scores = (float*)carver.Take(4L * rows * layout.ScoreStride);
        _codes = carver.Take((long)rows * layout.CodeStride);
        _output = (float*)carver.Take(4L * rows * layout.OutputStride);
        _tile.Reference = (float*)carver.Take(4L * rows);
        _tile.RunningMaximum = (float*)carver.Take(4L * rows);
        _tile.Sum = (float*)carver.Take(4L * rows);
        _denseReference = (float*)carver.Take(4L * rows);
        _denseSum = (float*)carver.Take(4L * rows);
        _tile.BlockMaxima = (float*)carver.Take(4L * rows * maximaStride);
        _tile.PartialStride = rows * (nint)layout.VectorCount;
        _tile.PartialMaxima = (float*)carver.Take(4L * layout.ChunkBlocks * _tile.PartialStride);
        _tile.ScoreFactors = (float*)carver.Take(4L * rows);
        _tile.BlockFactors = (float*)carver.Take(4L * rows * maximaStride);
        _tile.RowFactors = (float*)carver.Take(4L * rows * layout.ChunkBlocks);
        _bias = (float*)carver.Take(4L * layout.ChunkBlocks * layout.KeyStride);
        _queryMean = (float*)carver.Take(4L * layout.RowChannels);
        _blocks = (int*)carver.Take(4L * layout.ChunkBlocks);
        _partial = (bool*)carver.Take(layout.ChunkBlocks);
        _queryTokens = (int*)carver.Take(4L * rows);
        _keyTokens = (int*)carver.Take(4L * layout.KeyStride);
        _segments = (TileSegment*)carver.Take((long)sizeof(TileSegment) * layout.ChunkBlocks * layout.SegmentsPerBlock);
        Scratch = new PackScratch(layout, ref carver);
        Bytes = carver.Taken;
        _tile.KeyStride = layout.KeyStride;
        _tile.ScoreStride = layout.ScoreStride;
        _tile.Codes = _codes;
        _tile.CodeStride = layout.CodeStride;
        _tile.OutputStride = layout.OutputStride;
        _tile.MaximaStride = maximaStride;
        _tile.FactorStride = rows;
        _tile.BlockRows = layout.QueryBlock;
    }

    /// <summary>Rows for packing.</summary>
    public PackScratch Scratch { get; }

    /// <summary>Bytes of scratch that a worker of this layout takes.</summary>
    public long Bytes { get; }

    /// <summary>Tiles whose PV product was skipped since the count was last cleared.</summary>
    public long ProbabilityTilesSkipped { get; set; }

    /// <summary>Bytes of scratch that a worker needs.</summary>
    public static long BytesFor(CpuLayout layout) => new TileWorker(layout, null).Bytes;

    /// <summary>Mean of a query block, in scratch.</summary>
    public float* MeanOfQueryBlock(in AttendContext context, in PackedHead head, int block)
    {
        BlockMean.OfQueries(context, head, block, Scratch, _queryMean);
        return _queryMean;
    }

    /// <summary>Computes and stores one tile of query rows.</summary>
    public void Attend(in AttendContext context, in PackedHead head, TileTask task)
    {
        KeyRange range = context.Range;
        ReadOnlySpan<int> full = range.Of(context.Mask!.FullKeyBlocks(head.Head, task.QueryBlock));
        ReadOnlySpan<int> partial = range.Of(context.Mask!.PartialKeyBlocks(head.Head, task.QueryBlock));
        if (full.IsEmpty && partial.IsEmpty && !range.IsFirst && !range.IsLast)
        {
            return;
        }

        PackQueries(context, head, task);
        Begin(context, head, _tile.Reference, _tile.Sum, task.Rows, _layout.OutputColumns);
        if (range.IsFirst)
        {
            Start(task);
        }
        else
        {
            Resume(context, head, task);
        }

        int nextFull = 0;
        int nextPartial = 0;
        while (nextFull < full.Length || nextPartial < partial.Length)
        {
            int count = 0;
            while (count < _layout.ChunkBlocks && (nextFull < full.Length || nextPartial < partial.Length))
            {
                bool takeFull = nextPartial == partial.Length || (nextFull < full.Length && full[nextFull] < partial[nextPartial]);
                _blocks[count] = takeFull ? full[nextFull++] : partial[nextPartial++];
                _partial[count++] = !takeFull;
            }

            _tile.Blocks = count;
            SoftmaxStage stage = Score(context, head, task);
            if (context.SkipThreshold is { } threshold)
            {
                stage = FindMaxima(context, stage);
                if (IsNegligible(threshold))
                {
                    ProbabilityTilesSkipped++;
                    continue;
                }
            }

            context.Kernels.Softmax.Run(_tile, stage);
            AddOutput(context, head, task.Rows);
        }

        if (range.IsLast)
        {
            Store(context, head, task);
        }
        else
        {
            Suspend(context, head, task);
        }
    }

    /// <summary>Base-2 log-sum-exp state (reference, sum) of a tile of packed queries over every valid key.</summary>
    private void SumWholeRows(in AttendContext context, in PackedHead head, TileTask task)
    {
        Begin(context, head, _denseReference, _denseSum, task.Rows, 0);
        new Span<float>(_denseReference, task.Rows).Fill(float.NegativeInfinity);
        new Span<float>(_denseSum, task.Rows).Clear();
        for (int block = 0; block < _layout.KeyBlocks;)
        {
            int count = Math.Min(_layout.ChunkBlocks, _layout.KeyBlocks - block);
            for (int i = 0; i < count; i++)
            {
                _blocks[i] = block++;
                _partial[i] = false;
            }

            _tile.Blocks = count;
            if (Score(context, head, task) == SoftmaxStage.Products)
            {
                context.Kernels.Softmax.Convert(_tile);
            }

            context.Kernels.Softmax.AddToSums(_tile);
        }
    }

    private void Begin(in AttendContext context, in PackedHead head, float* reference, float* sum, int rows, int outputColumns)
    {
        _tile.Rows = rows;
        _tile.Reference = reference;
        _tile.Sum = sum;
        _tile.Output = _output;
        _tile.OutputColumns = outputColumns;
        _tile.RowScales = _layout.IntegerScores ? _queries.RowScales : null;
        _tile.Bias = context.Recipe.SmoothQuery ? _bias : null;
    }

    private void PackQueries(in AttendContext context, in PackedHead head, TileTask task)
    {
        TokenOrder? order = context.Packing.OrderOf(head.Head);
        for (int row = 0; row < task.Rows; row++)
        {
            int slot = task.FirstSlot + row;
            _queryTokens[row] = order is null ? slot : order.TokenAt(slot);
        }

        PackedQueries target = _queries;
        if (!context.Recipe.SmoothKey || (context.LogSumExp == null && context.Modifier is null))
        {
            target.RowConstants = null;
        }

        float* mean = null;
        if (context.Recipe.SmoothQuery)
        {
            mean = MeanOfQueryBlock(context, head, task.FirstSlot / _layout.QueryBlock);
        }

        int largest = context.Kernels.Packer.PackQueries(
            context.Packing, context.Query, head, task.FirstSlot, task.Rows, mean, target, Scratch);
        double largestDot = (double)BitConverter.Int32BitsToSingle(*head.LargestKey) * _layout.DotChannels;
        double bound = BitConverter.Int32BitsToSingle(largest) * largestDot * Math.Abs(context.Packing.ScoreFactor);

        // Integer QK passes through codes of Q, at most 255, times keys.
        bound = _layout.IntegerScores ? Math.Max(bound, byte.MaxValue * largestDot) : bound;
        if (bound >= float.MaxValue)
        {
            NonFiniteInput.ThrowScoreOverflow(head, bound);
        }
    }

    private SoftmaxStage FindMaxima(in AttendContext context, SoftmaxStage stage)
    {
        if (stage == SoftmaxStage.Products)
        {
            context.Kernels.Softmax.Convert(_tile);
        }

        context.Kernels.Softmax.Maxima(_tile);
        return SoftmaxStage.Maxima;
    }

    /// <summary>
    /// SpargeAttention's second stage on a chunk of one block: whether every row's maximum lies far below its running maximum.
    /// </summary>
    private bool IsNegligible(float threshold)
    {
        float lift = float.NegativeInfinity;
        for (int row = 0; row < _tile.Rows; row++)
        {
            float maximum = _tile.BlockMaxima[row * _tile.MaximaStride];
            if (!float.IsNegativeInfinity(maximum) && _queryTokens[row] >= 0)
            {
                lift = MathF.Max(lift, maximum - _tile.RunningMaximum[row]);
            }
        }

        return lift + threshold <= 0;
    }

    private void AddOutput(in AttendContext context, in PackedHead head, int rows)
    {
        TileProducts products = context.Kernels.Output;
        KeyBlockSlots slots = context.SlotsOf(head.Head);
        int keysPerStep = _layout.IntegerOutput ? 4 : 1;
        float* a = _layout.IntegerOutput ? (float*)_codes : _tile.Scores;
        nint aStride = _layout.IntegerOutput ? _layout.CodeStride / 4 : _layout.ScoreStride;
        for (int column = 0; column < _layout.OutputColumns; column += products.PanelWidth)
        {
            int count = 0;
            for (int i = 0; i < _tile.Blocks; i++)
            {
                int block = _blocks[i];
                int extent = slots.Extent(block);
                float* values = head.Value + (block * _layout.ValueBlockFloats) + ((nint)column * (_layout.KeyStride / keysPerStep));
                for (int start = 0, segment = 0; start < extent; start += _layout.SegmentKeys, segment++)
                {
                    TileSegment* target = _segments + count++;
                    target->B = values + ((nint)start / keysPerStep * products.PanelWidth);
                    target->Column = ((i * _layout.KeyStride) + start) / keysPerStep;
                    target->Steps = CeilingDivision.Of(Math.Min(_layout.SegmentKeys, extent - start), keysPerStep);
                    target->ColumnScales = head.ColumnScales == null ? null
                        : head.ColumnScales + ((((nint)block * _layout.SegmentsPerBlock) + segment) * _layout.OutputColumns) + column;
                    target->RowFactors = _tile.RowFactors + (i * _tile.FactorStride);
                }
            }

            products.Panel(_segments, count, a, aStride, rows, _output + column, _layout.OutputStride, null);
        }
    }

    /// <summary>Divides rows by their sums and writes them where their tokens stand.</summary>
    private void Store(in AttendContext context, in PackedHead head, TileTask task)
    {
        float* reference = _tile.Reference;
        float* sum = _tile.Sum;
        bool wholeRows = context.SumsWholeRows;
        if (wholeRows)
        {
            SumWholeRows(context, head, task);
            _tile.Reference = reference;
            _tile.Sum = sum;
        }

        AttentionShape shape = _layout.Shape;
        for (int row = 0; row < task.Rows; row++)
        {
            int token = _queryTokens[row];
            if (token < 0)
            {
                continue;
            }

            float share = 1;
            float logSumExp = (reference[row] + MathF.Log2(sum[row])) * NaturalLog2;
            bool visible = sum[row] > 0;
            if (wholeRows)
            {
                float whole = (_denseReference[row] + MathF.Log2(_denseSum[row])) * NaturalLog2;
                share = MathF.Exp(logSumExp - whole);
                logSumExp = whole;
            }

            float* output = context.Output.Row(head.Batch, head.Head, token);
            StoreRow(
                _output + ((nint)row * _layout.OutputStride), visible ? share / sum[row] : 0,
                visible && context.Recipe.SmoothValue ? head.ValueMean : null, share, output, shape.HeadDim);
            if (context.LogSumExp != null)
            {
                float constant = context.Recipe.SmoothKey ? _queries.RowConstants[row] : 0;
                context.LogSumExp[((((long)head.Batch * shape.Heads) + head.Head) * shape.QueryLength) + token] =
                    visible ? logSumExp + constant : float.NegativeInfinity;
            }
        }
    }

    private static void StoreRow(float* accumulator, float factor, float* mean, float share, float* output, int channels)
    {
        ReadOnlySpan<float> source = new(accumulator, channels);
        Span<float> destination = new(output, channels);
        System.Numerics.Tensors.TensorPrimitives.Multiply(source, factor, destination);
        for (int channel = 0; mean != null && channel < channels; channel++)
        {
            destination[channel] += share * mean[channel];
        }
    }
}
