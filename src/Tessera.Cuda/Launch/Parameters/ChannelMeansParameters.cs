using System.Runtime.InteropServices;

namespace Tessera.Cuda.Launch.Parameters;

/// <summary>
/// channel_means: sums of chunks in ascending order, divided and rounded once. Grid: batch * heads; 128 threads. Mirror of
/// ChannelMeansParameters in Kernels/parameters.cuh.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ChannelMeansParameters
{
    /// <summary>double [batch * heads, chunks, paddedChannels].</summary>
    public ulong Sums;

    /// <summary>float [batch * heads, channels].</summary>
    public ulong Means;

    /// <summary>Chunks of a head.</summary>
    public int Chunks;

    /// <summary>Channels of a mean.</summary>
    public int Channels;

    /// <summary>64 or 128.</summary>
    public int PaddedChannels;

    /// <summary>What sums are divided by.</summary>
    public int Tokens;
}
