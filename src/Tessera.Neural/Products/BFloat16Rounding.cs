using System.Numerics;
using Tessera.Backends.Cpu.Emitted;

namespace Tessera.Neural.Products;

/// <summary>Rounds binary32 to bfloat16, to nearest even; what is no number stays none.</summary>
internal static unsafe class BFloat16Rounding
{
    private const uint Half = 0x7FFF;
    private const uint Kept = 0xFFFF_0000;
    private const uint Quiet = 0x0040_0000;

    /// <summary>Rounds numbers and leaves them binary32; source and target may be the same.</summary>
    public static void RoundWide(float* source, float* target, int count)
    {
        ReadOnlySpan<uint> from = new(source, count);
        Span<uint> to = new(target, count);
        int i = 0;
        for (; i + Vector<uint>.Count <= count; i += Vector<uint>.Count)
        {
            Vector<uint> bits = new(from[i..]);
            Vector<uint> rounded = bits + new Vector<uint>(Half) + ((bits >>> 16) & Vector<uint>.One);
            Vector<uint> numbers = Vector.Equals(bits.As<uint, float>(), bits.As<uint, float>()).As<int, uint>();
            (Vector.ConditionalSelect(numbers, rounded, bits | new Vector<uint>(Quiet)) & new Vector<uint>(Kept)).CopyTo(to[i..]);
        }

        for (; i < count; i++)
        {
            to[i] = (uint)Round(from[i]) << 16;
        }
    }

    /// <summary>Rounds a row into pairs by the processor's own instruction; a last number without another is paired with zero.</summary>
    /// <param name="source">Numbers.</param>
    /// <param name="count">How many.</param>
    /// <param name="pairs">Receives them.</param>
    public static void RoundPairs(float* source, int count, float* pairs)
    {
        int groups = count / BFloat16Panel.RoundedTogether;
        ushort* target = (ushort*)pairs;
        EmittedBFloat16.Round(source, target, groups);
        for (int i = groups * BFloat16Panel.RoundedTogether; i < count; i++)
        {
            target[i] = Round(BitConverter.SingleToUInt32Bits(source[i]));
        }

        if (count % 2 != 0)
        {
            target[count] = 0;
        }
    }

    private static ushort Round(uint bits) => float.IsNaN(BitConverter.UInt32BitsToSingle(bits))
        ? (ushort)((bits | Quiet) >> 16)
        : (ushort)((bits + Half + ((bits >> 16) & 1)) >> 16);
}
