using System.Runtime.CompilerServices;

namespace Tessera.Backends.Cpu.Packing;

/// <summary>Storing a block of prepared rows of V, whose pointers are in scratch. Both answer the bits of the largest magnitude.</summary>
internal sealed unsafe partial class RowPacker<TIsa, TVector>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int StoreValueRows(CpuLayout layout, in PackedHead head, int block, in PackScratch scratch)
    {
        float* packed = head.Value + (block * layout.ValueBlockFloats);
        int width = layout.OutputPanel;
        float** rows = scratch.RowPointers;
        TVector mask = TIsa.BroadcastInt32(int.MaxValue);
        TVector largest = TIsa.Zero;
        for (int start = 0; start < layout.OutputColumns; start += width)
        {
            for (int key = 0; key < layout.KeyStride; key++)
            {
                float* row = rows[key] + start;
                for (int column = 0; column < width; column += TIsa.Count)
                {
                    TVector values = TIsa.Load(row + column);
                    TIsa.Store(packed + column, values);
                    largest = TIsa.MaxInt32(largest, TIsa.And(values, mask));
                }

                packed += width;
            }
        }

        return TIsa.MaxAcrossInt32(largest);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int StoreValueCodes(CpuLayout layout, in OperandScales operand, in PackedHead head, int block, in PackScratch scratch)
    {
        int width = layout.OutputPanel;
        int columns = layout.OutputColumns;
        int largest = 0;
        for (int segment = 0; segment < layout.SegmentsPerBlock; segment++)
        {
            int start = segment * layout.SegmentKeys;
            int end = Math.Min(start + layout.SegmentKeys, layout.KeyStride);
            int* magnitudes = (int*)scratch.Columns;
            int bits = RowRounding<TIsa, TVector>.ColumnMagnitudes(scratch.RowPointers + start, end - start, scratch.Columns, columns);
            largest = Math.Max(largest, bits);
            if (operand.Mode == ScaleMode.ColumnGroups)
            {
                int slot = Math.Min((block * layout.KeyBlock) + start, layout.KeySlots - 1);
                magnitudes = operand.Columns(operand.GroupOf(slot));
            }

            ColumnScales(operand, magnitudes, columns, scratch);
            float* scales = head.ColumnScales + ((((nint)block * layout.SegmentsPerBlock) + segment) * columns);
            new Span<float>(scratch.Scales, columns).CopyTo(new Span<float>(scales, columns));
            float* packed = head.Value + (block * layout.ValueBlockFloats) + ((nint)start / 4 * width);
            for (int column = 0; column < columns; column += TIsa.Count)
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

        return largest;
    }
}
