using System.Runtime.CompilerServices;
using Tessera.Attention;
using Tessera.Backends.Cpu.Isa;
using Tessera.Quantization;

namespace Tessera.Backends.Cpu.Packing;

/// <summary>
/// Packing over one vector width. Padding slots are never read: keys of padding become zero rows (their scores are hidden later), queries
/// of padding become zero rows (their results are never stored).
/// </summary>
/// <remarks>
/// A row is read from memory once. Its later passes (magnitude, codes, transposition) find it in the first-level cache: a row of K or Q at
/// once, the rows of V after the block whose columns share a scale.
/// </remarks>
internal sealed unsafe partial class RowPacker<TIsa, TVector> : RowPacker
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
{
    // Widest register in lanes: rows of whole registers need no copy before they are read.
    private const int WholeRegisters = 16;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void PackKeys(PackingPlan plan, in RowSource source, in PackedHead head, int block, in PackScratch scratch)
    {
        CpuLayout layout = plan.Layout;
        SlotRows<TIsa, TVector> keys = Rows(plan, source, head, layout.KeySlots, scratch);
        OperandScales operand = new(plan, head, AttentionOperand.Key);
        float* mean = plan.Recipe.SmoothKey ? head.KeyMean : null;
        int limit = NonFiniteInput.LimitOf(operand.Format);
        int first = block * layout.KeyBlock;
        int slots = Math.Min(layout.KeyBlock, layout.KeySlots - first);
        int largest = 0;
        int scaledGroup = -1;
        float** rows = stackalloc float*[4];
        float* panel = head.Key + (block * layout.KeyBlockFloats);
        for (int key = 0; key < layout.KeyStride; key += 4)
        {
            for (int i = 0; i < 4; i++)
            {
                int slot = first + key + i;
                float* scratchRow = scratch.Rows + (i * layout.RowChannels);
                float* values = key + i < slots ? keys.Read(slot, scratchRow) : null;
                float scale = 0;
                float inverse = 1;
                bool isKey = values != null;
                if (isKey)
                {
                    keys.PrefetchAfter(slot);
                    values = Prepare(plan, values, mean, scratchRow, out int magnitude);
                    largest = Math.Max(largest, magnitude);
                    if (magnitude >= limit)
                    {
                        NonFiniteInput.Throw(AttentionOperand.Key, operand.Format, source, head, layout.Shape);
                    }

                    (scale, inverse) = operand.ScaleOf(operand.MagnitudeOf(slot, magnitude));
                }
                else
                {
                    values = scratch.Zero;
                }

                if (layout.IntegerScores)
                {
                    byte* codes = scratch.Codes + (i * layout.RowChannels);
                    int sum = RowRounding<TIsa, TVector>.KeyCodes(values, codes, layout.DotChannels, inverse);
                    nint column = ((nint)block * layout.KeyStride) + key + i;
                    head.KeyScales[column] = scale;
                    head.Corrections[column] = -plan.QueryOffset * sum;
                    values = (float*)codes;
                }
                else if (isKey && operand.Format != NumberFormat.Float32)
                {
                    values = Rounded(operand, values, scratchRow, layout.DotChannels, inverse, scale, slot, ref scaledGroup, scratch);
                }

                rows[i] = values;
            }

            Transposition.FourRows(
                rows[0], rows[1], rows[2], rows[3], layout.DotSteps,
                panel + ((nint)(key / layout.ScorePanel) * layout.DotSteps * layout.ScorePanel) + (key % layout.ScorePanel),
                layout.ScorePanel);
        }

        Raise(ref *head.LargestKey, largest);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void PackValues(PackingPlan plan, in RowSource source, in PackedHead head, int block, in PackScratch scratch)
    {
        CpuLayout layout = plan.Layout;
        SlotRows<TIsa, TVector> values = Rows(plan, source, head, layout.KeySlots, scratch);
        OperandScales operand = new(plan, head, AttentionOperand.Value);
        float* mean = plan.Recipe.SmoothValue ? head.ValueMean : null;
        bool isWhole = mean == null && layout.Shape.HeadDim == layout.OutputColumns;
        bool roundsRows = !layout.IntegerOutput && operand.Format != NumberFormat.Float32;
        int limit = NonFiniteInput.LimitOf(operand.Format);
        int largest = 0;
        int scaledGroup = -1;
        int first = block * layout.KeyBlock;
        int slots = Math.Min(layout.KeyBlock, layout.KeySlots - first);
        for (int key = 0; key < layout.KeyStride; key++)
        {
            int slot = first + key;
            float* scratchRow = scratch.Rows + ((nint)key * layout.RowChannels);
            float* row = key < slots ? values.Read(slot, scratchRow) : null;
            if (row == null)
            {
                scratch.RowPointers[key] = scratch.Zero;
                continue;
            }

            values.PrefetchAfter(slot);
            if (!isWhole)
            {
                Gather(row, mean, scratchRow, layout.Shape.HeadDim, layout.RowChannels);
                row = scratchRow;
            }

            if (roundsRows)
            {
                int magnitude = RowRounding<TIsa, TVector>.MagnitudeBits(row, layout.Shape.HeadDim);
                largest = Math.Max(largest, magnitude);
                if (magnitude < limit)
                {
                    (float scale, float inverse) = operand.ScaleOf(operand.MagnitudeOf(slot, magnitude));
                    row = Rounded(operand, row, scratchRow, layout.OutputColumns, inverse, scale, slot, ref scaledGroup, scratch);
                }
            }

            scratch.RowPointers[key] = row;
        }

        int stored = layout.IntegerOutput
            ? StoreValueCodes(layout, operand, head, block, scratch)
            : StoreValueRows(layout, head, block, scratch);
        largest = Math.Max(largest, stored);
        if (largest >= limit)
        {
            NonFiniteInput.Throw(AttentionOperand.Value, operand.Format, source, head, layout.Shape);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override int PackQueries(
        PackingPlan plan, in RowSource source, in PackedHead head, int firstSlot, int rows, float* mean, in PackedQueries target,
        in PackScratch scratch)
    {
        CpuLayout layout = plan.Layout;
        SlotRows<TIsa, TVector> queries = Rows(plan, source, head, layout.QuerySlots, scratch);
        OperandScales operand = new(plan, head, AttentionOperand.Query);
        int limit = NonFiniteInput.LimitOf(operand.Format);
        int largest = 0;
        int scaledGroup = -1;
        for (int r = 0; r < rows; r++)
        {
            int slot = firstSlot + r;
            float* packed = target.Rows + ((nint)r * layout.QueryStride);
            float* values = queries.Read(slot, scratch.Rows);
            if (values == null)
            {
                new Span<float>(packed, layout.DotSteps).Clear();
                target.RowScales[r] = 0;
                continue;
            }

            queries.PrefetchAfter(slot);
            if (target.RowConstants != null)
            {
                target.RowConstants[r] = (float)plan.Scale * Dot(values, head.KeyMean, layout.Shape.HeadDim);
            }

            values = Prepare(plan, values, mean, scratch.Rows, out int magnitude);
            largest = Math.Max(largest, magnitude);
            if (magnitude >= limit)
            {
                NonFiniteInput.Throw(AttentionOperand.Query, operand.Format, source, head, layout.Shape);
            }

            (float scale, float inverse) = operand.ScaleOf(operand.MagnitudeOf(slot, magnitude));
            if (layout.IntegerScores)
            {
                target.RowScales[r] = scale * plan.ScoreFactor;
                RowRounding<TIsa, TVector>.QueryCodes(values, (byte*)packed, layout.DotChannels, inverse, plan.QueryOffset);
                continue;
            }

            if (operand.Format != NumberFormat.Float32)
            {
                values = Rounded(operand, values, scratch.Rows, layout.DotChannels, inverse, scale, slot, ref scaledGroup, scratch);
            }

            RowRounding<TIsa, TVector>.Scale(values, packed, layout.DotChannels, plan.ScoreFactor);
        }

        return largest;
    }

    private static SlotRows<TIsa, TVector> Rows(
        PackingPlan plan, in RowSource source, in PackedHead head, int slots, in PackScratch scratch) =>
        new(source, head.Batch, head.Head, plan.OrderOf(head.Head), slots, scratch.Widened);

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

    /// <summary>
    /// A Q or K row as the recipe sees it before quantisation, readable in whole registers up to DotChannels, and its magnitude.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float* Prepare(PackingPlan plan, float* row, float* mean, float* scratchRow, out int magnitude)
    {
        int channels = plan.Layout.Shape.HeadDim;
        if (plan.Recipe.Hadamard || channels % WholeRegisters != 0)
        {
            PrepareAny(plan, row, mean, scratchRow);
            magnitude = RowRounding<TIsa, TVector>.MagnitudeBits(scratchRow, plan.Layout.DotChannels);
            return scratchRow;
        }

        if (mean == null)
        {
            magnitude = RowRounding<TIsa, TVector>.MagnitudeBits(row, channels);
            return row;
        }

        magnitude = RowRounding<TIsa, TVector>.SubtractAndMeasure(row, mean, scratchRow, channels);
        return scratchRow;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void PrepareAny(PackingPlan plan, float* row, float* mean, float* scratchRow)
    {
        Gather(row, mean, scratchRow, plan.Layout.Shape.HeadDim, plan.Layout.RowChannels);
        if (plan.Recipe.Hadamard)
        {
            HadamardTransform.Apply(new Span<float>(scratchRow, plan.Layout.DotChannels), plan.Layout.DotChannels);
        }
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
    /// <param name="operand">A format that is not binary32.</param>
    /// <param name="values">The row.</param>
    /// <param name="scratchRow">Receives the values; may be the row.</param>
    /// <param name="channels">Channels.</param>
    /// <param name="inverse">Inverse scale of the row, unless scales belong to columns.</param>
    /// <param name="scale">Scale of the row, likewise.</param>
    /// <param name="slot">Storage slot of the row.</param>
    /// <param name="scaledGroup">Group whose column scales are in scratch; negative for none.</param>
    /// <param name="scratch">Rows of the worker.</param>
    private static float* Rounded(
        in OperandScales operand, float* values, float* scratchRow, int channels, float inverse, float scale, int slot,
        ref int scaledGroup, in PackScratch scratch)
    {
        if (operand.Mode == ScaleMode.ColumnGroups)
        {
            int group = operand.GroupOf(slot);
            if (group != scaledGroup)
            {
                ColumnScales(operand, operand.Columns(group), channels, scratch);
                scaledGroup = group;
            }

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
        TVector codes = TIsa.Broadcast(operand.MaximumCode);
        TVector one = TIsa.Broadcast(1f);
        for (int column = 0; column < channels; column += TIsa.Count)
        {
            TVector magnitude = TIsa.Load((float*)magnitudes + column);
            TVector floored = TIsa.Max(magnitude, TIsa.Broadcast(Quantizer.SmallestMaximum));
            TIsa.Store(scratch.Scales + column, TIsa.SelectLess(TIsa.Zero, magnitude, TIsa.Divide(floored, codes), one));
            TIsa.Store(scratch.Inverses + column, TIsa.SelectLess(TIsa.Zero, magnitude, TIsa.Divide(codes, floored), one));
        }
    }
}
