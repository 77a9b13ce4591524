using System.Runtime.CompilerServices;

namespace Tessera.Backends.Cpu.Isa;

/// <summary>
/// u8 times s4 (stored as bytes within -7..7) with 16-bit sums over several steps: one vpmaddubsw and one vpaddw for four products a lane.
/// A step adds at most 2 * max(A) * 7 to a 16-bit lane, so <typeparamref name="TSteps"/> is bounded by 32767 / (14 * max(A)).
/// </summary>
internal readonly struct ShortProduct<TIsa, TVector, TSteps> : IProduct<TVector>
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
    where TSteps : struct, IStepBound
{
    public static bool IsInteger => true;

    public static int WidenEvery => TSteps.Steps;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Accumulate(TVector sums, TVector a, TVector b) => TIsa.AddShorts(sums, TIsa.MultiplyAddBytes(a, b));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Widen(TVector sums) => TIsa.MultiplyAddShorts(sums, TIsa.BroadcastInt32(0x00010001));
}
