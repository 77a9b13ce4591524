using System.Runtime.InteropServices;

namespace Tessera.Cuda.Launch.Parameters;

/// <summary>
/// quantize_values_*: codes of V, a row a channel, tokens permuted within groups of 16 for 8-bit formats. Grid: PaddedSlots / 64 by
/// batch * heads. Mirror of QuantizeValuesParameters in Kernels/parameters.cuh.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct QuantizeValuesParameters
{
    /// <summary>What is quantised; it is neither turned nor smoothed.</summary>
    public RowsParameters Rows;

    /// <summary>[batch * heads, paddedChannels, paddedSlots].</summary>
    public ulong Codes;

    /// <summary>float [batch * heads, groups, paddedChannels]; 0 for bfloat16.</summary>
    public ulong Scales;

    /// <summary>What value_maxima_* wrote; 0 takes the maxima of each 64 slots, for GroupSlots = 64.</summary>
    public ulong Maxima;

    /// <summary>A multiple of 64; 0 for one group.</summary>
    public int GroupSlots;

    /// <summary>Groups of a head.</summary>
    public int Groups;

    /// <summary>Largest code: 127, 7 or 448.</summary>
    public float MaximumCode;

    /// <summary>0.</summary>
    public int Reserved;
}
