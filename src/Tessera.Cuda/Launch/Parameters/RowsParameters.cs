using System.Runtime.InteropServices;

namespace Tessera.Cuda.Launch.Parameters;

/// <summary>
/// Rows of Q, K or V as attention sees them: gathered by order, widened, turned by position, smoothed. Mirror of RowsParameters in
/// Kernels/parameters.cuh; addresses are device addresses, 0 where the remark says so.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RowsParameters
{
    /// <summary>[batch, heads, tokens, channels], dense channels.</summary>
    public ulong Source;

    /// <summary>Elements from one sequence to the next.</summary>
    public long BatchStride;

    /// <summary>Elements from one head to the next.</summary>
    public long HeadStride;

    /// <summary>Elements from one token to the next.</summary>
    public long TokenStride;

    /// <summary>int32 [orderHeads, slots]: token of a slot, negative for padding; 0 for natural order.</summary>
    public ulong Order;

    /// <summary>int32 [tokens, 3]: position on each axis, the first negative for tokens that are not turned; 0 for no rotation.</summary>
    public ulong RotaryPositions;

    /// <summary>float pairs (cosine, sine): per axis a row a position, a column a pair of channels of the axis.</summary>
    public ulong RotaryFactors;

    /// <summary>float [batch * heads, channels], subtracted after turning; 0 for none.</summary>
    public ulong Mean;

    /// <summary>uint32 that a value that is not finite sets to 1; 0 to look away.</summary>
    public ulong Fault;

    /// <summary>Format of the source.</summary>
    public TensorFormat Format;

    /// <summary>Heads of a sequence.</summary>
    public int Heads;

    /// <summary>1 or Heads.</summary>
    public int OrderHeads;

    /// <summary>Slots, padding of the order included.</summary>
    public int Slots;

    /// <summary>Slots rounded up to a multiple of 128.</summary>
    public int PaddedSlots;

    /// <summary>Channels of the source.</summary>
    public int Channels;

    /// <summary>First pair of the second axis; Channels / 2 where there is none.</summary>
    public int RotaryFirst1;

    /// <summary>First pair of the third axis; Channels / 2 where there is none.</summary>
    public int RotaryFirst2;

    /// <summary>Where the factors of the second axis begin, in pairs.</summary>
    public int RotaryOffset1;

    /// <summary>Where the factors of the third axis begin, in pairs.</summary>
    public int RotaryOffset2;
}
