using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tessera.Numerics;

/// <summary>
/// Encoder and decoder of an 8-bit floating-point format S.E.M: value = (-1)^S 2^(E - bias) (1 + M / 2^m), and 2^(1 - bias) M / 2^m for E =
/// 0.
/// Encoding rounds to nearest, ties to even, and saturates: beyond the largest finite value, infinity included, lies the largest finite
/// value; NaN gives 0x7F with the sign. This is what <c>cvt.rn.satfinite</c> of PTX computes, save that PTX drops the sign of NaN.
/// </summary>
/// <remarks>
/// Normal results: add half a unit minus one, plus the last kept bit, and shift the mantissa away. Subnormal results: adding 2^23 quanta
/// lets
/// the binary32 adder round on the subnormal grid. Spans run 32 lanes a step where 256-bit vectors are in hardware, bit for bit as the
/// scalar.
/// </remarks>
internal static class Float8Codec<TLayout>
    where TLayout : struct, IFloat8Layout
{
    private const int Step = 32;
    private const uint InfinityBits = 0x7F800000;
    private const byte NaNCode = 0x7F;

    private static readonly float[] Values = BuildValues();

    /// <summary>Values of all 256 codes, exact in binary32.</summary>
    public static ReadOnlySpan<float> Table => Values;

    private static int Shift => 23 - TLayout.MantissaBits;

    private static uint Rebias => (uint)(127 - TLayout.Bias) << TLayout.MantissaBits;

    private static uint SmallestNormalBits => (uint)(128 - TLayout.Bias) << 23;

    private static uint MaximumBits => (TLayout.MaximumCode + Rebias) << Shift;

    private static float SubnormalAdder => BitConverter.UInt32BitsToSingle((uint)(127 + 24 - TLayout.Bias - TLayout.MantissaBits) << 23);

    /// <summary>Rounds, saturates.</summary>
    public static byte Encode(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        uint sign = (bits >> 24) & 0x80;
        uint magnitude = bits & 0x7FFFFFFF;
        if (magnitude > InfinityBits)
        {
            return (byte)(sign | NaNCode);
        }

        uint code;
        if (magnitude >= MaximumBits)
        {
            code = TLayout.MaximumCode;
        }
        else if (magnitude >= SmallestNormalBits)
        {
            code = ((magnitude + (1u << (Shift - 1)) - 1 + ((magnitude >> Shift) & 1)) >> Shift) - Rebias;
        }
        else
        {
            float sum = BitConverter.UInt32BitsToSingle(magnitude) + SubnormalAdder;
            code = BitConverter.SingleToUInt32Bits(sum) - BitConverter.SingleToUInt32Bits(SubnormalAdder);
        }

        return (byte)(sign | code);
    }

    /// <summary>Encodes a span.</summary>
    public static void Encode(ReadOnlySpan<float> source, Span<byte> destination)
    {
        SpanLength.Require(source.Length, destination.Length, nameof(destination));
        int i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            for (; i <= source.Length - Step; i += Step)
            {
                Vector256<uint> first = Encode(Vector256.Create(source[i..]));
                Vector256<uint> second = Encode(Vector256.Create(source[(i + 8)..]));
                Vector256<uint> third = Encode(Vector256.Create(source[(i + 16)..]));
                Vector256<uint> fourth = Encode(Vector256.Create(source[(i + 24)..]));
                Vector256.Narrow(Vector256.Narrow(first, second), Vector256.Narrow(third, fourth)).CopyTo(destination[i..]);
            }
        }

        for (; i < source.Length; i++)
        {
            destination[i] = Encode(source[i]);
        }
    }

    /// <summary>Decodes a span; exact.</summary>
    public static void Decode(ReadOnlySpan<byte> source, Span<float> destination)
    {
        SpanLength.Require(source.Length, destination.Length, nameof(destination));
        int i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            for (; i <= source.Length - Step; i += Step)
            {
                (Vector256<ushort> low, Vector256<ushort> high) = Vector256.Widen(Vector256.Create(source[i..]));
                (Vector256<uint> first, Vector256<uint> second) = Vector256.Widen(low);
                (Vector256<uint> third, Vector256<uint> fourth) = Vector256.Widen(high);
                Decode(first).CopyTo(destination[i..]);
                Decode(second).CopyTo(destination[(i + 8)..]);
                Decode(third).CopyTo(destination[(i + 16)..]);
                Decode(fourth).CopyTo(destination[(i + 24)..]);
            }
        }

        for (; i < source.Length; i++)
        {
            destination[i] = Values[source[i]];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Encode(Vector256<float> value)
    {
        Vector256<uint> bits = value.AsUInt32();
        Vector256<uint> sign = (bits >> 24) & Vector256.Create(0x80u);
        Vector256<uint> magnitude = bits & Vector256.Create(0x7FFFFFFFu);
        Vector256<uint> rounding = Vector256.Create((1u << (Shift - 1)) - 1) + ((magnitude >> Shift) & Vector256<uint>.One);
        Vector256<uint> normal = ((magnitude + rounding) >> Shift) - Vector256.Create(Rebias);
        Vector256<float> adder = Vector256.Create(SubnormalAdder);
        Vector256<uint> subnormal = (magnitude.AsSingle() + adder).AsUInt32() - adder.AsUInt32();
        Vector256<uint> isSubnormal = Vector256.LessThan(magnitude, Vector256.Create(SmallestNormalBits));
        Vector256<uint> isSaturated = Vector256.GreaterThanOrEqual(magnitude, Vector256.Create(MaximumBits));
        Vector256<uint> isNaN = Vector256.GreaterThan(magnitude, Vector256.Create(InfinityBits));
        Vector256<uint> code = Vector256.ConditionalSelect(isSubnormal, subnormal, normal);
        code = Vector256.ConditionalSelect(isSaturated, Vector256.Create((uint)TLayout.MaximumCode), code);
        return sign | Vector256.ConditionalSelect(isNaN, Vector256.Create((uint)NaNCode), code);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Decode(Vector256<uint> code)
    {
        // The code's exponent and mantissa, moved to their binary32 places, are too small by 2^(127 - bias), for subnormals too.
        Vector256<uint> magnitude = code & Vector256.Create(0x7Fu);
        Vector256<uint> sign = (code & Vector256.Create(0x80u)) << 24;
        Vector256<float> raise = Vector256.Create(BitConverter.UInt32BitsToSingle((uint)(127 + 127 - TLayout.Bias) << 23));
        Vector256<uint> value = ((magnitude << Shift).AsSingle() * raise).AsUInt32();
        Vector256<uint> special = Vector256.Create(BitConverter.SingleToUInt32Bits(float.NaN) & 0x7FFFFFFF);
        if (TLayout.HasInfinity)
        {
            special = Vector256.ConditionalSelect(
                Vector256.Equals(magnitude, Vector256.Create(TLayout.MaximumCode + 1u)), Vector256.Create(InfinityBits), special);
        }

        Vector256<uint> isSpecial = Vector256.GreaterThan(magnitude, Vector256.Create((uint)TLayout.MaximumCode));
        return (sign | Vector256.ConditionalSelect(isSpecial, special, value)).AsSingle();
    }

    private static float[] BuildValues()
    {
        float[] values = new float[256];
        for (int code = 0; code < 256; code++)
        {
            int magnitude = code & 0x7F;
            int exponent = magnitude >> TLayout.MantissaBits;
            int mantissa = magnitude & ((1 << TLayout.MantissaBits) - 1);
            double value = exponent == 0
                ? Math.ScaleB(mantissa, 1 - TLayout.Bias - TLayout.MantissaBits)
                : Math.ScaleB((1 << TLayout.MantissaBits) + mantissa, exponent - TLayout.Bias - TLayout.MantissaBits);
            if (magnitude > TLayout.MaximumCode)
            {
                bool infinite = TLayout.HasInfinity && magnitude == TLayout.MaximumCode + 1;
                value = BitConverter.UInt32BitsToSingle(infinite ? InfinityBits : 0x7FC00000);
            }

            values[code] = BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits((float)value) | ((uint)(code & 0x80) << 24));
        }

        return values;
    }
}
