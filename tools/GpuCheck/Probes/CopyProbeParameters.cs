using System.Runtime.InteropServices;

namespace GpuCheck.Probes;

/// <summary>Mirror of CopyProbeParameters in Kernels/sm90a_bulk_store_probe.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CopyProbeParameters
{
    public ulong Source;
    public ulong Destination;
    public BoxCoordinates From;
    public BoxCoordinates To;
    public int Bytes;
    public int Reserved;
}
