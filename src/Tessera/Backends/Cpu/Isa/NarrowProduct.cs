using System.Runtime.CompilerServices;

namespace Tessera.Backends.Cpu.Isa;

/// <summary>
/// u8 times s8 through 16-bit pair sums, widened every step (vpmaddubsw, vpmaddwd, vpaddd). Exact while A stays within 0..127 and B within
/// -127..127: a pair sum is at most 2 * 127 * 127 = 32258.
/// </summary>
internal readonly struct NarrowProduct<TIsa, TVector> : IProduct<TVector>
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
{
    public static bool IsInteger => true;

    public static int WidenEvery => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Accumulate(TVector sums, TVector a, TVector b) =>
        TIsa.AddInt32(sums, TIsa.MultiplyAddShorts(TIsa.MultiplyAddBytes(a, b), TIsa.BroadcastInt32(0x00010001)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Widen(TVector sums) => sums;
}
