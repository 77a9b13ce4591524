using Tessera.Attention;
using Tessera.Backends.Cpu.Packing;
using Tessera.Masks;
using Tessera.Quantization;

namespace Tessera.Backends.Cpu;

/// <summary>What all tiles of one run share.</summary>
internal unsafe struct AttendContext
{
    /// <summary>Kept blocks; null for readers of the whole map.</summary>
    public BlockMask? Mask;

    public QuantizationRecipe Recipe;

    public ScoreModifier? Modifier;

    /// <summary>SpargeAttention's second threshold in log2 units, or null.</summary>
    public float? SkipThreshold;

    /// <summary>Whether rows divide by the sum over all keys.</summary>
    public bool SumsWholeRows;

    public CpuLayout Layout;

    public KernelSet Kernels;

    public PackingPlan Packing;

    /// <summary>Key blocks whose packed operands are there.</summary>
    public KeyRange Range;

    /// <summary>Softmax state between ranges; empty while one range holds every key.</summary>
    public RowCarry Carry;

    /// <summary>Key blocks per token order: one, or one per head.</summary>
    public KeyBlockSlots[] KeySlots;

    public RowSource Query;

    public RowSource Key;

    /// <summary>Output rows, in natural token order.</summary>
    public OutputRows Output;

    /// <summary>[batch, heads, queries], or null.</summary>
    public float* LogSumExp;

    public readonly KeyBlockSlots SlotsOf(int head) => KeySlots[KeySlots.Length == 1 ? 0 : head];
}
