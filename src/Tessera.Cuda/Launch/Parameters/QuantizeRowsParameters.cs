using System.Runtime.InteropServices;

namespace Tessera.Cuda.Launch.Parameters;

/// <summary>
/// quantize_rows_*: codes and scales of Q or K. Grid: PaddedSlots / 128 by batch * heads. Mirror of QuantizeRowsParameters in
/// Kernels/parameters.cuh.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct QuantizeRowsParameters
{
    /// <summary>What is quantised.</summary>
    public RowsParameters Rows;

    /// <summary>[batch * heads, paddedSlots, paddedChannels].</summary>
    public ulong Codes;

    /// <summary>float [batch * heads, paddedSlots]: the scale of each slot's group; 0 for bfloat16.</summary>
    public ulong Scales;

    /// <summary>Bits of |x| for each group, for GroupRows = 0.</summary>
    public ulong GroupMaxima;

    /// <summary>int32 [orderHeads, slots]: group of a slot, for GroupRows = 0; 0 means group 0.</summary>
    public ulong SlotGroups;

    /// <summary>float [batch * heads, channels]: mean of K, for Q under key smoothing; 0 for none.</summary>
    public ulong ConstantMean;

    /// <summary>float [batch * heads, paddedSlots]: receives ConstantFactor * (q . ConstantMean).</summary>
    public ulong RowConstants;

    /// <summary>Groups of a head in GroupMaxima; 0 when all heads share them.</summary>
    public int GroupStride;

    /// <summary>1, 16, 32, 64 or 128 slots share a scale; 0 takes GroupMaxima.</summary>
    public int GroupRows;

    /// <summary>Largest code: 127, 63, 7 or 448.</summary>
    public float MaximumCode;

    /// <summary>Softmax scale.</summary>
    public float ConstantFactor;
}
