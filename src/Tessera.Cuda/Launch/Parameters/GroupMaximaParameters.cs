using System.Runtime.InteropServices;

namespace Tessera.Cuda.Launch.Parameters;

/// <summary>
/// group_maxima_*: largest |x| of each group of slots. Grid: PaddedSlots / 128 by batch * heads. The maxima must be zero before. Mirror of
/// GroupMaximaParameters in Kernels/parameters.cuh.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GroupMaximaParameters
{
    /// <summary>What is looked at.</summary>
    public RowsParameters Rows;

    /// <summary>Bits of |x| for each group.</summary>
    public ulong GroupMaxima;

    /// <summary>int32 [orderHeads, slots]; 0 means group 0.</summary>
    public ulong SlotGroups;

    /// <summary>Groups of a head in GroupMaxima; 0 when all heads share them.</summary>
    public int GroupStride;

    /// <summary>0.</summary>
    public int Reserved;
}
