using Tessera.Attention;
using Tessera.Backends.Cpu.Packing;
using Tessera.Layout;

namespace Tessera.Backends.Cpu;

/// <summary>What of packed K and V is in memory at once.</summary>
/// <param name="Heads">Heads of a group; more than one only where whole heads fit.</param>
/// <param name="KeyBlocks">Key blocks of a range: all of a head where one fits, equal parts otherwise.</param>
internal readonly record struct PackedResidency(int Heads, int KeyBlocks)
{
    // Every query tile passes over all of a range; one of this size stays in the third-level cache meanwhile (docs/design/cpu-backend.md).
    private const long CachedBytes = 12 << 20;

    /// <summary>What fits the limits of a plan.</summary>
    public static PackedResidency Of(AttentionPlan plan, PackingPlan packing, CpuOptions options)
    {
        CpuLayout layout = packing.Layout;
        long perHead = HeadArena.BytesPerHead(packing, packsValues: true, layout.KeyBlocks);
        long limit = options.PackedLimitOf(plan.Shape);
        long range = Math.Clamp(limit, 1, CachedBytes);
        if (perHead <= range)
        {
            return new PackedResidency((int)Math.Min(limit / perHead, (long)plan.Shape.Batch * plan.Shape.Heads), layout.KeyBlocks);
        }

        // Sums over whole rows need every key at once.
        bool whole = plan.Normalization == SoftmaxNormalization.WholeRow;
        int ranges = whole ? 1 : (int)Math.Min(layout.KeyBlocks, (perHead + range - 1) / range);
        int blocks = Math.Max(CeilingDivision.Of(layout.KeyBlocks, ranges), layout.ChunkBlocks);
        return new PackedResidency(1, Math.Min(blocks, layout.KeyBlocks));
    }
}
