using Tessera.Attention;
using Tessera.Backends.Cpu.Packing;

namespace Tessera.Backends.Cpu;

/// <summary>Channel means over valid tokens, summed in binary64 in slot order.</summary>
internal static unsafe class BlockMean
{
    /// <summary>Mean of a query block, padded with zeros.</summary>
    public static void OfQueries(in AttendContext context, in PackedHead head, int queryBlock, in PackScratch scratch, float* mean)
    {
        CpuLayout layout = context.Layout;
        double* sums = stackalloc double[AttentionShape.MaximumHeadDim];
        int first = queryBlock * layout.QueryBlock;
        int rows = Math.Min(layout.QueryBlock, layout.QuerySlots - first);
        int valid = context.Kernels.Packer.AddRows(context.Packing, context.Query, head, first, rows, sums, scratch);
        Divide(sums, valid, layout.Shape.HeadDim, layout.RowChannels, mean);
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
