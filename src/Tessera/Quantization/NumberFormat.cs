namespace Tessera.Quantization;

/// <summary>
/// Number formats of attention operands. Integer formats are symmetric around zero (no zero point) unless they start with U.
/// </summary>
public enum NumberFormat
{
    /// <summary>IEEE binary32.</summary>
    Float32 = 0,

    /// <summary>IEEE binary16.</summary>
    Float16,

    /// <summary>bfloat16: the upper half of binary32.</summary>
    BFloat16,

    /// <summary>FP8 with 4 exponent and 3 mantissa bits, maximum 448, no infinity; encoding saturates.</summary>
    Float8E4M3,

    /// <summary>FP8 with 5 exponent and 2 mantissa bits, maximum 57344.</summary>
    Float8E5M2,

    /// <summary>Codes -127..127.</summary>
    Int8,

    /// <summary>
    /// Codes -63..63: queries next to 8-bit keys on processors whose 8-bit multiply saturates in pairs (AVX2 without VNNI).
    /// </summary>
    Int7,

    /// <summary>Codes -7..7.</summary>
    Int4,

    /// <summary>Codes 0..255; probabilities only.</summary>
    UInt8,

    /// <summary>Codes 0..127; probabilities only.</summary>
    UInt7,

    /// <summary>Codes 0..15; probabilities only.</summary>
    UInt4,
}
