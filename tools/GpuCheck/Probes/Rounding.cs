using System.Numerics;
using Tessera.Numerics;

namespace GpuCheck.Probes;

/// <summary>Roundings by their definition, slowly: what instructions are held against.</summary>
internal static class Rounding
{
    /// <summary>a b + c, exact, then toward zero to binary32. Overflow stays at the largest finite number.</summary>
    public static float MultiplyAddTowardZero(float a, float b, float c)
    {
        if (!float.IsFinite(a) || !float.IsFinite(b) || !float.IsFinite(c))
        {
            return MathF.FusedMultiplyAdd(a, b, c);
        }

        (BigInteger x, int left) = Split(a);
        (BigInteger y, int right) = Split(b);
        (BigInteger z, int last) = Split(c);
        (BigInteger product, int exponent) = (x * y, left + right);
        int least = Math.Min(exponent, last);
        BigInteger sum = (product << (exponent - least)) + (z << (last - least));
        if (sum.IsZero)
        {
            // Signs of zeros: two negative ones make a negative one, anything else a positive one (every mode but toward negative).
            bool negative = float.IsNegative(c) && float.IsNegative(a) != float.IsNegative(b) && product.IsZero;
            return negative ? -0f : 0f;
        }

        BigInteger magnitude = BigInteger.Abs(sum);
        int drop = Math.Max((int)magnitude.GetBitLength() - 24, -149 - least);
        magnitude = drop > 0 ? magnitude >> drop : magnitude;
        least += Math.Max(drop, 0);
        double value = Math.Min(float.MaxValue, Math.ScaleB((double)magnitude, least));
        return (float)(sum.Sign < 0 ? -value : value);
    }

    /// <summary>a b toward positive infinity in binary32.</summary>
    public static float MultiplyUp(float a, float b)
    {
        float nearest = a * b;
        // The product of two binary32 numbers is exact in binary64.
        return float.IsFinite(a) && float.IsFinite(b) && nearest < (double)a * b ? MathF.BitIncrement(nearest) : nearest;
    }

    /// <summary>To the nearest of some numbers, to the even code in the middle; they ascend with their codes to the limit.</summary>
    public static uint ToNearest(double magnitude, Func<uint, double> numberOf, uint codes)
    {
        uint low = 0;
        uint high = codes - 1;
        if (magnitude >= numberOf(high))
        {
            return high;
        }

        while (high - low > 1)
        {
            uint middle = (low + high) / 2;
            (low, high) = numberOf(middle) <= magnitude ? (middle, high) : (low, middle);
        }

        double below = magnitude - numberOf(low);
        double above = numberOf(high) - magnitude;
        return below < above || (below == above && low % 2 == 0) ? low : high;
    }

    /// <summary>bfloat16, to nearest even.</summary>
    public static uint BFloat16Of(float x)
    {
        uint sign = float.IsNegative(x) ? 0x8000u : 0;
        return float.IsNaN(x)
            ? 0x7fff
            // The code after the largest finite one stands for 2^128: what rounds to it is infinite.
            : sign | ToNearest(
                Math.Abs((double)x), static code => code == 0x7f80 ? Math.ScaleB(1, 128) : BitConverter.UInt32BitsToSingle(code << 16),
                0x7f81);
    }

    /// <summary>binary16, to nearest even.</summary>
    public static uint HalfOf(float x)
    {
        uint sign = float.IsNegative(x) ? 0x8000u : 0;
        return float.IsNaN(x)
            ? 0x7fff
            : sign | ToNearest(
                Math.Abs((double)x), static code => code == 0x7c00 ? 65536 : (double)BitConverter.UInt16BitsToHalf((ushort)code), 0x7c01);
    }

    /// <summary>E4M3, to nearest even, saturating.</summary>
    public static uint Float8Of(float x)
    {
        uint sign = float.IsNegative(x) ? 0x80u : 0;
        return float.IsNaN(x) ? 0x7f : sign | ToNearest(Math.Abs((double)x), static code => Float8E4M3.DecodeTable[(int)code], 0x7f);
    }

    /// <summary>To the nearest integer, halves to even ones, saturating; NaN is zero.</summary>
    public static int IntegerOf(float x)
    {
        double nearest = Math.Round((double)x, MidpointRounding.ToEven);
        return float.IsNaN(x) ? 0 : nearest >= int.MaxValue ? int.MaxValue : nearest <= int.MinValue ? int.MinValue : (int)nearest;
    }

    private static (BigInteger Mantissa, int Exponent) Split(float x)
    {
        int bits = BitConverter.SingleToInt32Bits(x);
        int biased = (bits >> 23) & 0xff;
        int mantissa = (bits & 0x7fffff) | (biased > 0 ? 0x800000 : 0);
        return (bits < 0 ? -mantissa : mantissa, Math.Max(biased, 1) - 150);
    }
}
