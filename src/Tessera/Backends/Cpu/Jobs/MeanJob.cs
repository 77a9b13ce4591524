using System.Numerics.Tensors;
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

    /// <summary>Adds the strips of a head in order and divides: microseconds, so the caller does it.</summary>
    public static void Reduce(PackingPlan plan, in PackedHead head)
    {
        CpuLayout layout = plan.Layout;
        int channels = layout.RowChannels;
        Span<double> total = new(head.MeanSums, 2 * channels);
        for (int strip = 1; strip < plan.MeanStrips; strip++)
        {
            TensorPrimitives.Add(total, new ReadOnlySpan<double>(head.MeanSums + (2L * strip * channels), 2 * channels), total);
        }

        BlockMean.Divide(head.MeanSums, layout.Shape.KeyLength, layout.Shape.HeadDim, channels, head.KeyMean);
        BlockMean.Divide(head.MeanSums + channels, layout.Shape.KeyLength, layout.Shape.HeadDim, channels, head.ValueMean);
    }

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
