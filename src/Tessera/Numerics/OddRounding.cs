namespace Tessera.Numerics;

/// <summary>
/// Rounding to odd: an inexact result is truncated and its last bit set. A value rounded to odd at binary32 and then to nearest at a format
/// at
/// least two bits narrower equals the value rounded once (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums").
/// </summary>
internal static class OddRounding
{
    /// <summary>Rounds binary64 to binary32 to odd. NaN, infinities and exact values pass through.</summary>
    public static float ToSingle(double value)
    {
        float nearest = (float)value;
        if (nearest == value || !double.IsFinite(value))
        {
            return nearest;
        }

        uint bits = BitConverter.SingleToUInt32Bits(nearest);
        if (Math.Abs((double)nearest) > Math.Abs(value))
        {
            bits--;
        }

        return BitConverter.UInt32BitsToSingle(bits | 1);
    }
}
