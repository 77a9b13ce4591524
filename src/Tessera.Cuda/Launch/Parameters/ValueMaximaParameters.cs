using System.Runtime.InteropServices;

namespace Tessera.Cuda.Launch.Parameters;

/// <summary>
/// value_maxima_*: largest |x| of each channel and group of slots. Grid: PaddedSlots / 64 by batch * heads. The maxima must be zero before.
/// Mirror of ValueMaximaParameters in Kernels/parameters.cuh.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ValueMaximaParameters
{
    /// <summary>What is looked at.</summary>
    public RowsParameters Rows;

    /// <summary>Bits of |x|, [batch * heads, groups, paddedChannels].</summary>
    public ulong Maxima;

    /// <summary>A multiple of 64; 0 for one group.</summary>
    public int GroupSlots;

    /// <summary>Groups of a head.</summary>
    public int Groups;
}
