using Tessera.Backends.Cpu.Kernels;
using Tessera.Backends.Cpu.Packing;
using Tessera.Layout;

namespace Tessera.Backends.Cpu;

/// <summary>
/// Scores of a chunk of key blocks: the product QK, then score functors, predicates of partial blocks and columns without a key.
/// </summary>
internal sealed unsafe partial class TileWorker
{
    /// <summary>Scores of the current chunk; masked and modified where the chunk needs it.</summary>
    private SoftmaxStage Score(in AttendContext context, in PackedHead head, TileTask task)
    {
        TileProducts products = context.Kernels.Scores;
        KeyBlockSlots slots = context.SlotsOf(head.Head);
        bool special = context.Modifier is not null;
        TileSegment segment = default;
        segment.Steps = _layout.DotSteps;
        ScoreColumns columns = default;
        columns.MaximaStride = _layout.VectorCount;
        for (int i = 0; i < _tile.Blocks; i++)
        {
            int block = _blocks[i];
            special |= _partial[i] || slots.Extent(block) != _layout.KeyStride || slots.HasHoles(block);
            float* keys = head.Key + (block * _layout.KeyBlockFloats);
            nint firstColumn = (nint)block * _layout.KeyStride;
            for (int column = 0; column < _layout.KeyStride; column += products.PanelWidth)
            {
                // Narrower products than the row kernels take turns with the parts of a register of maxima.
                int lane = column / 2 % _layout.VectorCount;
                segment.B = keys + ((nint)column * _layout.DotSteps);
                columns.Corrections = (float*)head.Corrections + firstColumn + column;
                columns.Scales = head.KeyScales + firstColumn + column;
                columns.Maxima = _tile.PartialMaxima + (i * _tile.PartialStride) + lane;
                columns.IsFirst = column / 2 < _layout.VectorCount;
                products.Panel(
                    &segment, 1, _queries.Rows, _layout.QueryStride, task.Rows, _tile.Scores + (i * _layout.KeyStride) + column,
                    _layout.ScoreStride, &columns);
            }
        }

        if (_tile.Bias != null)
        {
            AddKeyDots(context, head);
        }

        if (!special)
        {
            return SoftmaxStage.Products;
        }

        context.Kernels.Softmax.Convert(_tile);
        for (int i = 0; i < _tile.Blocks; i++)
        {
            ModifyAndHide(context, head, slots, i);
        }

        return SoftmaxStage.Scores;
    }

    private void AddKeyDots(in AttendContext context, in PackedHead head)
    {
        new Span<float>(_bias, _tile.Blocks * _layout.KeyStride).Clear();
        for (int i = 0; i < _tile.Blocks; i++)
        {
            int first = _blocks[i] * _layout.KeyBlock;
            int slots = Math.Min(_layout.KeyBlock, _layout.KeySlots - first);
            context.Kernels.Packer.KeyDots(
                context.Packing, context.Key, head, _queryMean, first, slots, context.Packing.ScoreFactor, _bias + (i * _layout.KeyStride),
                Scratch);
        }
    }

    private void ModifyAndHide(in AttendContext context, in PackedHead head, KeyBlockSlots slots, int index)
    {
        int block = _blocks[index];
        int extent = slots.Extent(block);
        float* scores = _tile.Scores + (index * _layout.KeyStride);
        bool needsTokens = context.Modifier is not null || _partial[index] || slots.HasHoles(block);
        if (needsTokens)
        {
            TokenOrder? order = context.Packing.OrderOf(head.Head);
            for (int key = 0; key < extent; key++)
            {
                int slot = (block * _layout.KeyBlock) + key;
                _keyTokens[key] = order is null ? slot : order.TokenAt(slot);
            }
        }

        Span<float> tile = new(scores, ((_tile.Rows - 1) * _layout.ScoreStride) + _layout.KeyStride);
        ReadOnlySpan<int> queries = new(_queryTokens, _tile.Rows);
        ReadOnlySpan<int> keys = new(_keyTokens, extent);
        if (context.Modifier is { } modifier)
        {
            ToNaturalScores(context, scores, extent);
            modifier.ApplyTile(tile, _layout.ScoreStride, head.Batch, head.Head, queries, keys);
            ToBase2Scores(context, head, scores, extent);
        }

        if (_partial[index])
        {
            context.Mask!.Predicate!.HideTile(tile, _layout.ScoreStride, head.Batch, head.Head, queries, keys);
        }

        for (int row = 0; row < _tile.Rows; row++)
        {
            float* line = scores + (row * _layout.ScoreStride);
            new Span<float>(line + extent, _layout.KeyStride - extent).Fill(float.NegativeInfinity);
            for (int key = 0; slots.HasHoles(block) && key < extent; key++)
            {
                line[key] = _keyTokens[key] < 0 ? float.NegativeInfinity : line[key];
            }
        }
    }

    /// <summary>True scores, as score functors see them: natural units, with what key smoothing took put back.</summary>
    private void ToNaturalScores(in AttendContext context, float* scores, int columns)
    {
        for (int row = 0; row < _tile.Rows; row++)
        {
            float constant = context.Recipe.SmoothKey ? _queries.RowConstants[row] : 0;
            float* line = scores + (row * _layout.ScoreStride);
            for (int key = 0; key < columns; key++)
            {
                line[key] = (line[key] * NaturalLog2) + constant;
            }
        }
    }

    private void ToBase2Scores(in AttendContext context, in PackedHead head, float* scores, int columns)
    {
        for (int row = 0; row < _tile.Rows; row++)
        {
            float constant = context.Recipe.SmoothKey ? _queries.RowConstants[row] : 0;
            float* line = scores + (row * _layout.ScoreStride);
            for (int key = 0; key < columns; key++)
            {
                if (_queryTokens[row] >= 0 && _keyTokens[key] >= 0 && (float.IsNaN(line[key]) || float.IsPositiveInfinity(line[key])))
                {
                    throw new InvalidOperationException(
                        $"Score modifier {context.Modifier} answered {line[key]} for query {_queryTokens[row]} and key {_keyTokens[key]} "
                            + $"of batch {head.Batch}, head {head.Head}; scores must be finite or negative infinity.");
                }

                line[key] = (line[key] - constant) * Log2OfE;
            }
        }
    }
}
