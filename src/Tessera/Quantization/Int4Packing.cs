using Tessera.Numerics;

namespace Tessera.Quantization;

/// <summary>
/// Two 4-bit codes a byte for storage: the code of even index in the low nibble, the next in the high nibble, two's complement.
/// </summary>
public static class Int4Packing
{
    /// <summary>Bytes that <paramref name="codes"/> codes need.</summary>
    public static int PackedLength(int codes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(codes);
        return (int)(((long)codes + 1) / 2);
    }

    /// <summary>Packs codes of -8..7; the high nibble after an odd count is 0.</summary>
    /// <exception cref="ArgumentException">The destination is too short, or a code is out of range; the message names it.</exception>
    public static void Pack(ReadOnlySpan<sbyte> codes, Span<byte> destination)
    {
        SpanLength.Require(PackedLength(codes.Length), destination.Length, nameof(destination));
        for (int i = 0; i < codes.Length; i++)
        {
            if (codes[i] is < -8 or > 7)
            {
                throw new ArgumentException($"codes[{i}] is {codes[i]}; 4 bits hold -8..7.", nameof(codes));
            }

            int nibble = codes[i] & 0xF;
            destination[i / 2] = (byte)((i & 1) == 0 ? nibble : destination[i / 2] | (nibble << 4));
        }
    }

    /// <summary>Unpacks as many codes as the destination holds.</summary>
    /// <exception cref="ArgumentException">The source is too short.</exception>
    public static void Unpack(ReadOnlySpan<byte> source, Span<sbyte> codes)
    {
        if (source.Length < PackedLength(codes.Length))
        {
            throw new ArgumentException(
                $"source holds {source.Length} bytes; {codes.Length} codes need {PackedLength(codes.Length)}.", nameof(source));
        }

        for (int i = 0; i < codes.Length; i++)
        {
            int value = source[i / 2] >> ((i & 1) * 4);
            codes[i] = (sbyte)((sbyte)(value << 4) >> 4);
        }
    }
}
