using System.Runtime.InteropServices;

namespace GpuCheck.Probes;

/// <summary>Mirror of MatrixProbeParameters in Kernels/sm90a_bulk_store_probe.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MatrixProbeParameters
{
    public ulong Destination;
    public int Transposed;
    public int Reserved;
}
