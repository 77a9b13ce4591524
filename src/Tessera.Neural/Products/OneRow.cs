using Tessera.Backends.Cpu.Kernels;

namespace Tessera.Neural.Products;

/// <summary>The last row of an odd number.</summary>
internal readonly struct OneRow : IRowCount
{
    public static int Rows => 1;
}
