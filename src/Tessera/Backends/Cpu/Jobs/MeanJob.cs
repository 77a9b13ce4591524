using Tessera.Attention;
using Tessera.Backends.Cpu.Packing;

namespace Tessera.Backends.Cpu.Jobs;

/// <summary>
/// Sums channels of K and V over strips of slots. Items: (pair, strip). Strips are fixed, so the means do not depend on threads.
/// </summary>
internal readonly unsafe struct MeanJob(
    PackingPlan plan, RowPacker packer, RowSource key, RowSource value, PackedHead[] heads, TileWorker[] workers, int strips) : ITileJob
{
    /// <summary>Slots of a strip.</summary>
    public const int StripSlots = 256;

    public void Execute(int item, int worker)
    {
        ref PackedHead head = ref heads[item / strips];
        int strip = item % strips;
        int first = strip * StripSlots;
        int rows = Math.Min(StripSlots, plan.Layout.KeySlots - first);
        double* sums = head.MeanSums + (2L * strip * plan.Layout.RowChannels);
        new Span<double>(sums, 2 * plan.Layout.RowChannels).Clear();
        if (plan.Recipe.SmoothKey)
        {
            packer.AddRows(plan, key, head, first, rows, sums, workers[worker].Scratch);
        }

        if (plan.Recipe.SmoothValue)
        {
            packer.AddRows(plan, value, head, first, rows, sums + plan.Layout.RowChannels, workers[worker].Scratch);
        }
    }
}

/// <summary>Adds the strips of <see cref="MeanJob"/> in order and divides. Items: pairs.</summary>
internal readonly unsafe struct MeanReductionJob(PackingPlan plan, PackedHead[] heads, int strips) : ITileJob
{
    public void Execute(int item, int worker)
    {
        ref PackedHead head = ref heads[item];
        CpuLayout layout = plan.Layout;
        double* total = head.MeanSums;
        for (int strip = 1; strip < strips; strip++)
        {
            double* sums = head.MeanSums + (2L * strip * layout.RowChannels);
            for (int i = 0; i < 2 * layout.RowChannels; i++)
            {
                total[i] += sums[i];
            }
        }

        BlockMean.Divide(total, layout.Shape.KeyLength, layout.Shape.HeadDim, layout.RowChannels, head.KeyMean);
        BlockMean.Divide(total + layout.RowChannels, layout.Shape.KeyLength, layout.Shape.HeadDim, layout.RowChannels, head.ValueMean);
    }
}
