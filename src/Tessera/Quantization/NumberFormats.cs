namespace Tessera.Quantization;

/// <summary>Facts about each <see cref="NumberFormat"/>.</summary>
public static class NumberFormats
{
    /// <summary>Whether codes are integers.</summary>
    public static bool IsInteger(this NumberFormat format) => format >= NumberFormat.Int8;

    /// <summary>Whether codes are FP8.</summary>
    public static bool IsFloat8(this NumberFormat format) => format is NumberFormat.Float8E4M3 or NumberFormat.Float8E5M2;

    /// <summary>Whether codes carry a scale: every format but binary32, binary16 and bfloat16.</summary>
    public static bool IsScaled(this NumberFormat format) => format.Bits() <= 8;

    /// <summary>
    /// Bytes of a code as quantised operands store it in memory, one code an element (4-bit codes are packed only in files).
    /// </summary>
    public static int CodeBytes(this NumberFormat format) => (format.Bits() + 7) / 8;

    /// <summary>Largest code magnitude of a scaled format: what the absolute maximum of a group maps to.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The format is stored unscaled (binary32, binary16, bfloat16).</exception>
    public static float MaximumCode(this NumberFormat format) => format switch
    {
        NumberFormat.Float8E4M3 => 448f,
        NumberFormat.Float8E5M2 => 57344f,
        NumberFormat.Int8 => 127f,
        NumberFormat.Int7 => 63f,
        NumberFormat.Int4 => 7f,
        NumberFormat.UInt8 => 255f,
        NumberFormat.UInt7 => 127f,
        NumberFormat.UInt4 => 15f,
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "This format is stored without a scale."),
    };

    /// <summary>Bits a code needs.</summary>
    public static int Bits(this NumberFormat format) => format switch
    {
        NumberFormat.Float32 => 32,
        NumberFormat.Float16 or NumberFormat.BFloat16 => 16,
        NumberFormat.Int4 or NumberFormat.UInt4 => 4,
        NumberFormat.Int7 or NumberFormat.UInt7 => 7,
        _ => 8,
    };
}
