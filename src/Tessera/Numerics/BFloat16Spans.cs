using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Tessera.Numerics;

/// <summary>
/// Conversions of whole spans between binary32 and bfloat16: 16 lanes a step where 256-bit vectors are in hardware, equal bit for bit to
/// the scalar conversion.
/// </summary>
internal static class BFloat16Spans
{
    private const int Step = 16;

    public static void Encode(ReadOnlySpan<float> source, Span<BFloat16> destination)
    {
        SpanLength.Require(source.Length, destination.Length, nameof(destination));
        int i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            Span<ushort> bits = MemoryMarshal.Cast<BFloat16, ushort>(destination);
            for (; i <= source.Length - Step; i += Step)
            {
                Vector256<uint> low = Round(Vector256.Create(source[i..]));
                Vector256<uint> high = Round(Vector256.Create(source[(i + 8)..]));
                Vector256.Narrow(low, high).CopyTo(bits[i..]);
            }
        }

        for (; i < source.Length; i++)
        {
            destination[i] = (BFloat16)source[i];
        }
    }

    public static void Decode(ReadOnlySpan<BFloat16> source, Span<float> destination)
    {
        SpanLength.Require(source.Length, destination.Length, nameof(destination));
        int i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            ReadOnlySpan<ushort> bits = MemoryMarshal.Cast<BFloat16, ushort>(source);
            for (; i <= source.Length - Step; i += Step)
            {
                (Vector256<uint> low, Vector256<uint> high) = Vector256.Widen(Vector256.Create(bits[i..]));
                (low << 16).AsSingle().CopyTo(destination[i..]);
                (high << 16).AsSingle().CopyTo(destination[(i + 8)..]);
            }
        }

        for (; i < source.Length; i++)
        {
            destination[i] = (float)source[i];
        }
    }

    private static Vector256<uint> Round(Vector256<float> value)
    {
        Vector256<uint> bits = value.AsUInt32();
        Vector256<uint> upper = bits >> 16;
        Vector256<uint> rounded = (bits + Vector256.Create(0x7FFFu) + (upper & Vector256<uint>.One)) >> 16;
        Vector256<uint> number = Vector256.Equals(value, value).AsUInt32();
        return Vector256.ConditionalSelect(number, rounded, upper | Vector256.Create(0x0040u));
    }
}
