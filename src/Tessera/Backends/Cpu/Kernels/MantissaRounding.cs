using System.Runtime.CompilerServices;
using Tessera.Backends.Cpu.Isa;

namespace Tessera.Backends.Cpu.Kernels;

/// <summary>A floating-point format narrower than binary32, as constants.</summary>
internal interface INarrowFloat
{
    /// <summary>Mantissa bits of binary32 that the format drops.</summary>
    static abstract byte DroppedBits { get; }

    /// <summary>Smallest normal number.</summary>
    static abstract float SmallestNormal { get; }

    /// <summary>A power of two whose sum with a subnormal is rounded to the subnormal grid: 2^23 times the smallest subnormal.</summary>
    static abstract float SubnormalShift { get; }

    /// <summary>Largest finite number; larger magnitudes saturate.</summary>
    static abstract float Maximum { get; }
}

internal readonly struct NarrowE4M3 : INarrowFloat
{
    public static byte DroppedBits => 20;

    public static float SmallestNormal => 0.015625f;

    public static float SubnormalShift => 16384f;

    public static float Maximum => 448f;
}

internal readonly struct NarrowE5M2 : INarrowFloat
{
    public static byte DroppedBits => 21;

    public static float SmallestNormal => 6.1035156e-05f;

    public static float SubnormalShift => 128f;

    public static float Maximum => 57344f;
}

internal readonly struct NarrowBinary16 : INarrowFloat
{
    public static byte DroppedBits => 13;

    public static float SmallestNormal => 6.1035156e-05f;

    public static float SubnormalShift => 0.5f;

    public static float Maximum => 65504f;
}

/// <summary>bfloat16 has the exponents of binary32, so its subnormals are those of binary32 and round like normal numbers.</summary>
internal readonly struct NarrowBFloat16 : INarrowFloat
{
    public static byte DroppedBits => 16;

    public static float SmallestNormal => 0f;

    public static float SubnormalShift => 1f;

    public static float Maximum => float.PositiveInfinity;
}

/// <summary>
/// Rounds finite floats to a narrower format, to nearest with ties to even, saturating, and answers the value as a float.
/// </summary>
internal static class MantissaRounding<TIsa, TVector, TFormat>
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
    where TFormat : struct, INarrowFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Round(TVector value)
    {
        TVector sign = TIsa.And(value, TIsa.BroadcastInt32(int.MinValue));
        TVector magnitude = TIsa.And(value, TIsa.BroadcastInt32(int.MaxValue));
        TVector odd = TIsa.And(TIsa.ShiftRightLogicalInt32(magnitude, TFormat.DroppedBits), TIsa.BroadcastInt32(1));
        TVector carried = TIsa.AddInt32(TIsa.AddInt32(magnitude, TIsa.BroadcastInt32((1 << (TFormat.DroppedBits - 1)) - 1)), odd);
        TVector normal = TIsa.And(carried, TIsa.BroadcastInt32(-1 << TFormat.DroppedBits));
        TVector shift = TIsa.Broadcast(TFormat.SubnormalShift);
        TVector subnormal = TIsa.Subtract(TIsa.Add(magnitude, shift), shift);
        TVector rounded = TIsa.SelectLess(magnitude, TIsa.Broadcast(TFormat.SmallestNormal), subnormal, normal);
        return TIsa.Or(TIsa.Min(rounded, TIsa.Broadcast(TFormat.Maximum)), sign);
    }
}
