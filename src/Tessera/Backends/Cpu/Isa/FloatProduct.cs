using System.Runtime.CompilerServices;

namespace Tessera.Backends.Cpu.Isa;

/// <summary>float times float, one multiply-add a step.</summary>
internal readonly struct FloatProduct<TIsa, TVector> : IProduct<TVector>
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
{
    public static bool IsInteger => false;

    public static int WidenEvery => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Accumulate(TVector sums, TVector a, TVector b) => TIsa.MultiplyAdd(a, b, sums);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Widen(TVector sums) => sums;
}
