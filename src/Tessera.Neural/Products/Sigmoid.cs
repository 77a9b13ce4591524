using System.Runtime.CompilerServices;
using Tessera.Backends.Cpu.Isa;
using Tessera.Backends.Cpu.Kernels;

namespace Tessera.Neural.Products;

/// <summary>The logistic function over a register.</summary>
internal static class Sigmoid<TIsa, TVector>
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
{
    private const float NegativeLog2E = -1.4426950408889634f;

    // 2^126 is finite, and what is divided by it is as good as nothing.
    private const float LargestExponent = 126f;

    /// <summary><c>x / (1 + exp(-u))</c>; NaN in x stays NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Weighted(TVector x, TVector u)
    {
        TVector exponent = TIsa.Min(TIsa.Multiply(u, TIsa.Broadcast(NegativeLog2E)), TIsa.Broadcast(LargestExponent));
        return TIsa.Divide(x, TIsa.Add(TIsa.Broadcast(1f), Exponential<TIsa, TVector>.Base2(exponent)));
    }
}
