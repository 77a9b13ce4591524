using Tessera.Attention;
using Tessera.Backends.Cpu.Packing;
using Tessera.Layout;

namespace Tessera.Backends.Cpu;

/// <summary>What of packed K and V is in memory at once.</summary>
/// <param name="Heads">Heads of a group; more than one only where whole heads fit.</param>
/// <param name="KeyBlocks">Key blocks of a range: all of a head where one fits, equal parts otherwise.</param>
internal readonly record struct PackedResidency(int Heads, int KeyBlocks)
{
    /// <summary>What fits the limits of a plan.</summary>
    public static PackedResidency Of(AttentionPlan plan, PackingPlan packing, CpuOptions options)
    {
        CpuLayout layout = packing.Layout;
        long perHead = HeadArena.BytesPerHead(packing, packsValues: true, layout.KeyBlocks);
        long limit = Math.Max(1, options.PackedLimitOf(plan.Shape));
        if (perHead <= limit)
        {
            return new PackedResidency((int)Math.Min(limit / perHead, (long)plan.Shape.Batch * plan.Shape.Heads), layout.KeyBlocks);
        }

        // Sums over whole rows need every key at once.
        bool whole = plan.Normalization == SoftmaxNormalization.WholeRow;
        int ranges = whole ? 1 : (int)Math.Min(layout.KeyBlocks, (perHead + limit - 1) / limit);
        int blocks = Math.Max(CeilingDivision.Of(layout.KeyBlocks, ranges), layout.ChunkBlocks);
        return new PackedResidency(1, Math.Min(blocks, layout.KeyBlocks));
    }
}
