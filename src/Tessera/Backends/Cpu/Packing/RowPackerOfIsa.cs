using System.Runtime.CompilerServices;
using Tessera.Attention;
using Tessera.Backends.Cpu.Isa;
using Tessera.Layout;
using Tessera.Quantization;

namespace Tessera.Backends.Cpu.Packing;

/// <summary>
/// Packing over one vector width. Padding slots are never read: keys of padding become zero rows (their scores are hidden later), queries
/// of padding become zero rows (their results are never stored).
/// </summary>
internal sealed unsafe partial class RowPacker<TIsa, TVector> : RowPacker
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
{
    // Widest register in lanes: rows of whole registers need no copy before they are read.
    private const int WholeRegisters = 16;

    public override void PackKeys(PackingPlan plan, in RowSource source, in PackedHead head, int block, in PackScratch scratch)
    {
        CpuLayout layout = plan.Layout;
        TokenOrder? order = plan.OrderOf(head.Head);
        OperandScales operand = new(plan, head, AttentionOperand.Key);
        int first = block * layout.KeyBlock;
        int slots = Math.Min(layout.KeyBlock, layout.KeySlots - first);
        int largest = 0;
        float** rows = stackalloc float*[4];
        for (int key = 0; key < layout.KeyStride; key += 4)
        {
            for (int i = 0; i < 4; i++)
            {
                int slot = first + key + i;
                float* scratchRow = scratch.Rows + (i * layout.RowChannels);
                float* row = key + i < slots ? Read(source, head, order, slot, scratchRow, scratch) : null;
                float* values = scratch.Zero;
                float scale = 0;
                float inverse = 1;
                if (row != null)
                {
                    values = Prepare(plan, row, plan.Recipe.SmoothKey ? head.KeyMean : null, scratchRow);
                    int magnitude = Magnitude(values, layout.DotChannels, operand.Format, AttentionOperand.Key, source, head, plan);
                    largest = Math.Max(largest, magnitude);
                    (scale, inverse) = operand.ScaleOf(operand.MagnitudeOf(slot, magnitude));
                }

                if (layout.IntegerScores)
                {
                    byte* codes = scratch.Codes + (i * layout.RowChannels);
                    int sum = RowRounding<TIsa, TVector>.Codes(values, codes, layout.DotChannels, inverse, 0);
                    nint column = ((nint)block * layout.KeyStride) + key + i;
                    head.KeyScales[column] = scale;
                    head.Corrections[column] = -plan.QueryOffset * sum;
                    rows[i] = (float*)codes;
                }
                else
                {
                    rows[i] = row == null
                        ? values
                        : Rounded(operand, values, scratchRow, layout.DotChannels, inverse, scale, slot, scratch);
                }
            }

            float* panel = head.Key + (block * layout.KeyBlockFloats)
                + ((nint)(key / layout.ScorePanel) * layout.DotSteps * layout.ScorePanel);
            Transposition.FourRows(
                rows[0], rows[1], rows[2], rows[3], layout.DotSteps, panel + (key % layout.ScorePanel), layout.ScorePanel);
        }

        Raise(ref *head.LargestKey, largest);
    }

    public override void PackValues(PackingPlan plan, in RowSource source, in PackedHead head, int block, in PackScratch scratch)
    {
        CpuLayout layout = plan.Layout;
        TokenOrder? order = plan.OrderOf(head.Head);
        OperandScales operand = new(plan, head, AttentionOperand.Value);
        int first = block * layout.KeyBlock;
        int slots = Math.Min(layout.KeyBlock, layout.KeySlots - first);
        for (int key = 0; key < layout.KeyStride; key++)
        {
            int slot = first + key;
            float* scratchRow = scratch.Rows + ((nint)key * layout.RowChannels);
            float* row = key < slots ? Read(source, head, order, slot, scratchRow, scratch) : null;
            float* values = scratch.Zero;
            if (row != null)
            {
                values = PrepareValue(plan, row, plan.Recipe.SmoothValue ? head.ValueMean : null, scratchRow);
                int magnitude = Magnitude(values, layout.Shape.HeadDim, operand.Format, AttentionOperand.Value, source, head, plan);
                if (!layout.IntegerOutput)
                {
                    (float scale, float inverse) = operand.ScaleOf(operand.MagnitudeOf(slot, magnitude));
                    values = Rounded(operand, values, scratchRow, layout.OutputColumns, inverse, scale, slot, scratch);
                }
            }

            scratch.RowPointers[key] = values;
        }

        if (layout.IntegerOutput)
        {
            StoreValueCodes(layout, operand, head, block, scratch);
        }
        else
        {
            StoreValueRows(layout, head, block, scratch.RowPointers);
        }
    }

    public override int PackQueries(
        PackingPlan plan, in RowSource source, in PackedHead head, int firstSlot, int rows, float* mean, in PackedQueries target,
        in PackScratch scratch)
    {
        CpuLayout layout = plan.Layout;
        TokenOrder? order = plan.OrderOf(head.Head);
        OperandScales operand = new(plan, head, AttentionOperand.Query);
        int largest = 0;
        for (int r = 0; r < rows; r++)
        {
            int slot = firstSlot + r;
            float* packed = target.Rows + ((nint)r * layout.QueryStride);
            float* row = Read(source, head, order, slot, scratch.Rows, scratch);
            if (row == null)
            {
                new Span<float>(packed, layout.DotSteps).Clear();
                target.RowScales[r] = 0;
                continue;
            }

            if (target.RowConstants != null)
            {
                target.RowConstants[r] = (float)plan.Scale * Dot(row, head.KeyMean, layout.Shape.HeadDim);
            }

            float* values = Prepare(plan, row, mean, scratch.Rows);
            int magnitude = Magnitude(values, layout.DotChannels, operand.Format, AttentionOperand.Query, source, head, plan);
            largest = Math.Max(largest, magnitude);
            (float scale, float inverse) = operand.ScaleOf(operand.MagnitudeOf(slot, magnitude));
            if (layout.IntegerScores)
            {
                target.RowScales[r] = scale * plan.ScoreFactor;
                RowRounding<TIsa, TVector>.Codes(values, (byte*)packed, layout.DotChannels, inverse, plan.QueryOffset);
            }
            else
            {
                values = Rounded(operand, values, scratch.Rows, layout.DotChannels, inverse, scale, slot, scratch);
                RowRounding<TIsa, TVector>.Scale(values, packed, layout.DotChannels, plan.ScoreFactor);
            }
        }

        return largest;
    }

    /// <summary>The row in a storage slot as binary32, turned; null for padding.</summary>
    private static float* Read(
        in RowSource source, in PackedHead head, TokenOrder? order, int slot, float* destination, in PackScratch scratch)
    {
        int token = RowSource.TokenAt(order, slot);
        return token < 0 ? null : RowLoading<TIsa, TVector>.Read(source, head.Batch, head.Head, token, destination, scratch.Widened);
    }

    private static void Raise(ref int location, int value)
    {
        int seen = Volatile.Read(ref location);
        while (value > seen)
        {
            int before = Interlocked.CompareExchange(ref location, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }

    private static int Magnitude(
        float* values, int channels, NumberFormat format, AttentionOperand operand, in RowSource source, in PackedHead head,
        PackingPlan plan)
    {
        int bits = RowRounding<TIsa, TVector>.MagnitudeBits(values, channels);
        if (bits >= NonFiniteInput.LimitOf(format))
        {
            int tokens = operand == AttentionOperand.Query ? plan.Layout.Shape.QueryLength : plan.Layout.Shape.KeyLength;
            NonFiniteInput.Throw(operand, format, source, head, tokens, plan.Layout.Shape.HeadDim);
        }

        return bits;
    }

    /// <summary>A Q or K row as the recipe sees it before quantisation; readable in whole registers up to DotChannels.</summary>
    private static float* Prepare(PackingPlan plan, float* row, float* mean, float* scratchRow)
    {
        int channels = plan.Layout.Shape.HeadDim;
        if (mean == null && !plan.Recipe.Hadamard && channels % WholeRegisters == 0)
        {
            return row;
        }

        Gather(row, mean, scratchRow, channels, plan.Layout.RowChannels);
        if (plan.Recipe.Hadamard)
        {
            HadamardTransform.Apply(new Span<float>(scratchRow, plan.Layout.DotChannels), plan.Layout.DotChannels);
        }

        return scratchRow;
    }

    /// <summary>A V row before quantisation; readable up to OutputColumns.</summary>
    private static float* PrepareValue(PackingPlan plan, float* row, float* mean, float* scratchRow)
    {
        int channels = plan.Layout.Shape.HeadDim;
        if (mean == null && channels == plan.Layout.OutputColumns)
        {
            return row;
        }

        Gather(row, mean, scratchRow, channels, plan.Layout.RowChannels);
        return scratchRow;
    }

    private static void Gather(float* row, float* mean, float* destination, int channels, int padded)
    {
        if (mean != null && channels % WholeRegisters == 0)
        {
            RowRounding<TIsa, TVector>.Subtract(row, mean, destination, channels);
        }
        else
        {
            new ReadOnlySpan<float>(row, channels).CopyTo(new Span<float>(destination, channels));
            if (mean != null)
            {
                RowRounding<TIsa, TVector>.Subtract(destination, mean, destination, channels);
            }
        }

        new Span<float>(destination + channels, padded - channels).Clear();
    }

    /// <summary>The values that a row's codes stand for, in floats.</summary>
    private static float* Rounded(
        in OperandScales operand, float* values, float* scratchRow, int channels, float inverse, float scale, int slot,
        in PackScratch scratch)
    {
        if (operand.Format == NumberFormat.Float32)
        {
            return values;
        }

        if (operand.Mode == ScaleMode.ColumnGroups)
        {
            ColumnScales(operand, operand.Columns(operand.GroupOf(slot)), channels, scratch);
            RowRounding<TIsa, TVector>.Values(
                values, scratchRow, channels, operand.Format, scratch.Inverses, scratch.Scales, perElement: true);
        }
        else
        {
            RowRounding<TIsa, TVector>.Values(values, scratchRow, channels, operand.Format, &inverse, &scale, perElement: false);
        }

        return scratchRow;
    }

    private static void ColumnScales(in OperandScales operand, int* magnitudes, int channels, in PackScratch scratch)
    {
        float code = operand.Format.MaximumCode();
        TVector codes = TIsa.Broadcast(code);
        TVector one = TIsa.Broadcast(1f);
        for (int column = 0; column < channels; column += TIsa.Count)
        {
            TVector magnitude = TIsa.Load((float*)magnitudes + column);
            TVector floored = TIsa.Max(magnitude, TIsa.Broadcast(Quantizer.SmallestMaximum));
            TIsa.Store(scratch.Scales + column, TIsa.SelectLess(TIsa.Zero, magnitude, TIsa.Divide(floored, codes), one));
            TIsa.Store(scratch.Inverses + column, TIsa.SelectLess(TIsa.Zero, magnitude, TIsa.Divide(codes, floored), one));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void StoreValueRows(CpuLayout layout, in PackedHead head, int block, float** rows)
    {
        float* packed = head.Value + (block * layout.ValueBlockFloats);
        int width = layout.OutputPanel;
        for (int start = 0; start < layout.OutputColumns; start += width)
        {
            for (int key = 0; key < layout.KeyStride; key++)
            {
                for (int column = 0; column < width; column += TIsa.Count)
                {
                    TIsa.Store(packed + column, TIsa.Load(rows[key] + start + column));
                }

                packed += width;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void StoreValueCodes(CpuLayout layout, in OperandScales operand, in PackedHead head, int block, in PackScratch scratch)
    {
        int width = layout.OutputPanel;
        for (int segment = 0; segment < layout.SegmentsPerBlock; segment++)
        {
            int start = segment * layout.SegmentKeys;
            int end = Math.Min(start + layout.SegmentKeys, layout.KeyStride);
            int* magnitudes = (int*)scratch.Columns;
            if (operand.Mode == ScaleMode.ColumnGroups)
            {
                int slot = Math.Min((block * layout.KeyBlock) + start, layout.KeySlots - 1);
                magnitudes = operand.Columns(operand.GroupOf(slot));
            }
            else
            {
                new Span<float>(scratch.Columns, layout.OutputColumns).Clear();
                for (int key = start; key < end; key++)
                {
                    RowRounding<TIsa, TVector>.RaiseColumnMagnitudes(scratch.RowPointers[key], scratch.Columns, layout.OutputColumns);
                }
            }

            ColumnScales(operand, magnitudes, layout.OutputColumns, scratch);
            float* scales = head.ColumnScales + ((((nint)block * layout.SegmentsPerBlock) + segment) * layout.OutputColumns);
            new Span<float>(scratch.Scales, layout.OutputColumns).CopyTo(new Span<float>(scales, layout.OutputColumns));
            float* packed = head.Value + (block * layout.ValueBlockFloats) + ((nint)start / 4 * width);
            for (int column = 0; column < layout.OutputColumns; column += TIsa.Count)
            {
                float* target = packed + ((nint)(column / width) * layout.KeyStride / 4 * width) + (column % width);
                TVector inverses = TIsa.Load(scratch.Inverses + column);
                for (int key = start; key < end; key += 4)
                {
                    float** rows = scratch.RowPointers + key;
                    TIsa.Store(
                        target,
                        RowRounding<TIsa, TVector>.InterleavedCodes(
                            rows[0] + column, rows[1] + column, rows[2] + column, rows[3] + column, inverses));
                    target += width;
                }
            }
        }
    }
}
