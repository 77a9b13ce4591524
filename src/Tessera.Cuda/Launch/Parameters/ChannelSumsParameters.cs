using System.Runtime.InteropServices;

namespace Tessera.Cuda.Launch.Parameters;

/// <summary>
/// channel_sums_*: sums of 64 slots each, in binary64 and ascending order. Grid: Chunks / 4 rounded up, by batch * heads. Mirror of
/// ChannelSumsParameters in Kernels/parameters.cuh.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ChannelSumsParameters
{
    /// <summary>What is summed; its mean is not taken off.</summary>
    public RowsParameters Rows;

    /// <summary>double [batch * heads, chunks, paddedChannels].</summary>
    public ulong Sums;

    /// <summary>Slots / 64, rounded up.</summary>
    public int Chunks;

    /// <summary>0.</summary>
    public int Reserved;
}
