using System.Runtime.CompilerServices;
using Tessera.Backends.Cpu.Isa;

namespace Tessera.Backends.Cpu.Kernels;

/// <summary>
/// 2^x by splitting x = n + f with n integral and f in [-1/2, 1/2]: adding 1.5 * 2^23 rounds x to n in the low mantissa bits, a minimax
/// polynomial gives 2^f, and n is added to its exponent field. Results below 2^-126 become 0, negative infinity included.
/// </summary>
internal static class Exponential<TIsa, TVector>
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
{
    /// <summary>
    /// 1.5 * 2^23: its sum with a number below 2^22 in magnitude holds the rounded number in its low bits, two's complement.
    /// </summary>
    public const float RoundingShift = 12582912f;

    // Far enough below -126 for every result to be negative as an integer, near enough not to wrap around.
    private const float Floor = -160f;

    /// <summary>Relative error 7.5e-8 plus rounding: for probabilities kept in binary32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Base2(TVector x)
    {
        x = TIsa.Max(x, TIsa.Broadcast(Floor));
        TVector shifted = TIsa.Add(x, TIsa.Broadcast(RoundingShift));
        TVector f = TIsa.Subtract(x, TIsa.Subtract(shifted, TIsa.Broadcast(RoundingShift)));
        TVector p = TIsa.MultiplyAdd(f, TIsa.Broadcast(0.0013276472f), TIsa.Broadcast(0.00967554133f));
        p = TIsa.MultiplyAdd(p, f, TIsa.Broadcast(0.0555071327f));
        p = TIsa.MultiplyAdd(p, f, TIsa.Broadcast(0.240221197f));
        p = TIsa.MultiplyAdd(p, f, TIsa.Broadcast(0.693146967f));
        p = TIsa.MultiplyAdd(p, f, TIsa.Broadcast(1f));
        return Scale(p, shifted);
    }

    /// <summary>Relative error 2.6e-6: for probabilities that become codes of at most 8 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Base2ForCodes(TVector x)
    {
        TVector p = QuarticFraction(TIsa.Max(x, TIsa.Broadcast(Floor)), out TVector shifted);
        return Scale(p, shifted);
    }

    /// <summary>
    /// As <see cref="Base2ForCodes"/>, but everything below 2^-100 becomes about that: for probabilities of which only codes are used.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Base2ForByteCodes(TVector x)
    {
        TVector p = QuarticFraction(TIsa.Max(x, TIsa.Broadcast(-100f)), out TVector shifted);
        return TIsa.AddInt32(p, TIsa.ShiftLeftInt32(shifted, 23));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector QuarticFraction(TVector x, out TVector shifted)
    {
        shifted = TIsa.Add(x, TIsa.Broadcast(RoundingShift));
        TVector f = TIsa.Subtract(x, TIsa.Subtract(shifted, TIsa.Broadcast(RoundingShift)));
        TVector p = TIsa.MultiplyAdd(f, TIsa.Broadcast(0.00957010191f), TIsa.Broadcast(0.0559178603f));
        p = TIsa.MultiplyAdd(p, f, TIsa.Broadcast(0.240247448f));
        p = TIsa.MultiplyAdd(p, f, TIsa.Broadcast(0.693121815f));
        return TIsa.MultiplyAdd(p, f, TIsa.Broadcast(0.999999261f));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Scale(TVector p, TVector shifted) =>
        TIsa.MaxInt32(TIsa.AddInt32(p, TIsa.ShiftLeftInt32(shifted, 23)), TIsa.Zero);
}
