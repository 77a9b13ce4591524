using Tessera.Attention;
using Tessera.Backends.Cpu.Packing;

namespace Tessera.Backends.Cpu;

/// <summary>What all tiles of one run share.</summary>
internal unsafe struct AttendContext
{
    public AttentionPlan Plan;

    public CpuLayout Layout;

    public KernelSet Kernels;

    public PackingPlan Packing;

    /// <summary>Key blocks per token order: one, or one per head.</summary>
    public KeyBlockSlots[] KeySlots;

    public RowSource Query;

    public RowSource Key;

    /// <summary>Output rows, in natural token order.</summary>
    public RowSource Output;

    /// <summary>[batch, heads, queries], or null.</summary>
    public float* LogSumExp;

    public readonly KeyBlockSlots SlotsOf(int head) => KeySlots[KeySlots.Length == 1 ? 0 : head];
}
