using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tessera.Backends.Cpu.Packing;
using Tessera.Layout;

namespace Tessera.Backends.Cpu;

/// <summary>Channel means over valid tokens, summed in binary64 in slot order.</summary>
internal static unsafe class BlockMean
{
    /// <summary>Mean of a query block, padded with zeros.</summary>
    public static void OfQueries(in AttendContext context, in PackedHead head, int queryBlock, float* mean)
    {
        CpuLayout layout = context.Layout;
        double* sums = stackalloc double[Attention.AttentionShape.MaximumHeadDim];
        int first = queryBlock * layout.QueryBlock;
        int rows = Math.Min(layout.QueryBlock, layout.QuerySlots - first);
        int valid = AddRows(context.Query, head, context.Packing.OrderOf(head.Head), first, rows, layout.Shape.HeadDim, sums);
        Divide(sums, valid, layout.Shape.HeadDim, layout.RowChannels, mean);
    }

    /// <summary>Adds rows to sums, each channel in slot order whatever the width; answers how many rows were valid.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int AddRows(
        in RowSource source, in PackedHead head, TokenOrder? order, int firstSlot, int rows, int channels, double* sums)
    {
        int valid = 0;
        for (int slot = firstSlot; slot < firstSlot + rows; slot++)
        {
            float* row = source.SlotRow(head.Batch, head.Head, order, slot);
            if (row == null)
            {
                continue;
            }

            valid++;
            int channel = 0;
            for (; channel + 8 <= channels; channel += 8)
            {
                (Vector256<double> low, Vector256<double> high) = Vector256.Widen(Vector256.Load(row + channel));
                (Vector256.Load(sums + channel) + low).Store(sums + channel);
                (Vector256.Load(sums + channel + 4) + high).Store(sums + channel + 4);
            }

            for (; channel < channels; channel++)
            {
                sums[channel] += row[channel];
            }
        }

        return valid;
    }

    /// <summary>mean = sums / valid, rounded once; zeros without valid rows and beyond the channels.</summary>
    public static void Divide(double* sums, int valid, int channels, int padded, float* mean)
    {
        for (int channel = 0; channel < padded; channel++)
        {
            mean[channel] = valid == 0 || channel >= channels ? 0 : (float)(sums[channel] / valid);
        }
    }
}
