using System.Runtime.CompilerServices;

namespace Tessera.Backends.Cpu.Isa;

/// <summary>
/// u8 times s8 with both operands widened to 16 bits first: exact for all bytes and without the saturation of vpmaddubsw, at about half its
/// speed. The path of 8-bit recipes on processors without VNNI.
/// </summary>
internal readonly struct WideProduct<TIsa, TVector> : IProduct<TVector>
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
{
    public static bool IsInteger => true;

    public static int WidenEvery => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Accumulate(TVector sums, TVector a, TVector b)
    {
        TVector even = TIsa.MultiplyAddShorts(
            TIsa.And(a, TIsa.BroadcastInt32(0x00FF00FF)), TIsa.ShiftRightShorts(TIsa.ShiftLeftShorts(b, 8), 8));
        TVector odd = TIsa.MultiplyAddShorts(TIsa.ShiftRightLogicalShorts(a, 8), TIsa.ShiftRightShorts(b, 8));
        return TIsa.AddInt32(sums, TIsa.AddInt32(even, odd));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Widen(TVector sums) => sums;
}
