using System.Globalization;
using System.Runtime.InteropServices;

namespace Tessera.Numerics;

/// <summary>
/// FP8 with 5 exponent and 2 mantissa bits, bias 15: the upper half of binary16, magnitudes up to 57344, with infinity.
/// It has the shape of <see cref="Half"/>: explicit conversions, comparisons, no arithmetic. Conversion rounds to nearest, ties to even,
/// and
/// saturates: everything beyond 57344, infinity included, becomes 57344 with its sign, as <c>satfinite</c> conversions of GPUs do. NaN
/// stays NaN.
/// </summary>
/// <remarks>
/// Smallest normal 2^-14; magnitudes up to 2^-17 round to zero. OFP8: Micikevicius et al., "FP8 Formats for Deep Learning", arXiv
/// 2209.05433.
/// </remarks>
public readonly struct Float8E5M2 : IEquatable<Float8E5M2>, IComparable<Float8E5M2>, IComparable, IFormattable
{
    private readonly byte _bits;

    private Float8E5M2(byte bits) => _bits = bits;

    /// <summary>Smallest positive value: 2^-16.</summary>
    public static Float8E5M2 Epsilon => new(0x01);

    /// <summary>Largest finite value: 57344.</summary>
    public static Float8E5M2 MaxValue => new(0x7B);

    /// <summary>Most negative finite value: -57344.</summary>
    public static Float8E5M2 MinValue => new(0x7B | 0x80);

    /// <summary>Positive infinity. Conversion never makes it; only <see cref="FromBits"/> does.</summary>
    public static Float8E5M2 PositiveInfinity => new(0x7C);

    /// <summary>Negative infinity. Conversion never makes it; only <see cref="FromBits"/> does.</summary>
    public static Float8E5M2 NegativeInfinity => new(0xFC);

    /// <summary>The NaN that conversion makes.</summary>
    public static Float8E5M2 NaN => new(0x7F);

    /// <summary>One.</summary>
    public static Float8E5M2 One => new(0x3C);

    /// <summary>Values of all 256 codes, exact in binary32: the decode table.</summary>
    public static ReadOnlySpan<float> DecodeTable => Float8Codec<Layout>.Table;

    /// <summary>The 8 bits: sign, 5 exponent bits, 2 mantissa bits.</summary>
    public byte Bits => _bits;

    /// <summary>The value with the given bits.</summary>
    public static Float8E5M2 FromBits(byte bits) => new(bits);

    /// <summary>Whether the value is neither infinite nor NaN.</summary>
    public static bool IsFinite(Float8E5M2 value) => (value._bits & 0x7F) < 0x7C;

    /// <summary>Whether the value is NaN.</summary>
    public static bool IsNaN(Float8E5M2 value) => (value._bits & 0x7F) > 0x7C;

    /// <summary>Whether the sign bit is set, also for zero and NaN.</summary>
    public static bool IsNegative(Float8E5M2 value) => (value._bits & 0x80) != 0;

    /// <summary>Rounds to nearest, ties to even, and saturates.</summary>
    public static explicit operator Float8E5M2(float value) => new(Float8Codec<Layout>.Encode(value));

    /// <summary>Rounds once to nearest, ties to even, and saturates: there is no double rounding by way of binary32.</summary>
    public static explicit operator Float8E5M2(double value) => new(Float8Codec<Layout>.Encode(OddRounding.ToSingle(value)));

    /// <summary>Rounds to nearest, ties to even, and saturates.</summary>
    public static explicit operator Float8E5M2(Half value) => new(Float8Codec<Layout>.Encode((float)value));

    /// <summary>Exact.</summary>
    public static explicit operator float(Float8E5M2 value) => Float8Codec<Layout>.Table[value._bits];

    /// <summary>Exact.</summary>
    public static explicit operator double(Float8E5M2 value) => Float8Codec<Layout>.Table[value._bits];

    /// <summary>Exact: every value is a binary16 value.</summary>
    public static explicit operator Half(Float8E5M2 value) => (Half)Float8Codec<Layout>.Table[value._bits];

    /// <summary>Exact: every value is a bfloat16 value.</summary>
    public static explicit operator BFloat16(Float8E5M2 value) => (BFloat16)Float8Codec<Layout>.Table[value._bits];

    /// <summary>IEEE equality: NaN equals nothing, zeros are equal.</summary>
    public static bool operator ==(Float8E5M2 left, Float8E5M2 right) => (float)left == (float)right;

    /// <summary>IEEE inequality.</summary>
    public static bool operator !=(Float8E5M2 left, Float8E5M2 right) => (float)left != (float)right;

    /// <summary>Whether left is less; false when either is NaN.</summary>
    public static bool operator <(Float8E5M2 left, Float8E5M2 right) => (float)left < (float)right;

    /// <summary>Whether left is greater; false when either is NaN.</summary>
    public static bool operator >(Float8E5M2 left, Float8E5M2 right) => (float)left > (float)right;

    /// <summary>Whether left is less or equal; false when either is NaN.</summary>
    public static bool operator <=(Float8E5M2 left, Float8E5M2 right) => (float)left <= (float)right;

    /// <summary>Whether left is greater or equal; false when either is NaN.</summary>
    public static bool operator >=(Float8E5M2 left, Float8E5M2 right) => (float)left >= (float)right;

    /// <summary>Rounds each element, as the explicit conversion does.</summary>
    /// <exception cref="ArgumentException">The destination is shorter than the source.</exception>
    public static void ConvertFromSingle(ReadOnlySpan<float> source, Span<Float8E5M2> destination) =>
        Float8Codec<Layout>.Encode(source, MemoryMarshal.AsBytes(destination));

    /// <summary>Widens each element; exact.</summary>
    /// <exception cref="ArgumentException">The destination is shorter than the source.</exception>
    public static void ConvertToSingle(ReadOnlySpan<Float8E5M2> source, Span<float> destination) =>
        Float8Codec<Layout>.Decode(MemoryMarshal.AsBytes(source), destination);

    /// <inheritdoc/>
    public int CompareTo(Float8E5M2 other) => ((float)this).CompareTo((float)other);

    /// <inheritdoc/>
    public int CompareTo(object? obj) => obj switch
    {
        null => 1,
        Float8E5M2 other => CompareTo(other),
        _ => throw new ArgumentException($"Cannot compare {nameof(Float8E5M2)} with {obj.GetType()}.", nameof(obj)),
    };

    /// <summary>Equality in which NaN equals NaN, as for <see cref="float.Equals(float)"/>.</summary>
    public bool Equals(Float8E5M2 other) => ((float)this).Equals((float)other);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Float8E5M2 other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => ((float)this).GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => ToString(null, CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public string ToString(string? format, IFormatProvider? formatProvider) => ((float)this).ToString(format, formatProvider);

    internal readonly struct Layout : IFloat8Layout
    {
        public static int MantissaBits => 2;

        public static int Bias => 15;

        public static byte MaximumCode => 0x7B;

        public static bool HasInfinity => true;
    }
}
