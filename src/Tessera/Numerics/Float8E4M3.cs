using System.Globalization;
using System.Runtime.InteropServices;

namespace Tessera.Numerics;

/// <summary>
/// FP8 with 4 exponent and 3 mantissa bits, bias 7: 127 distinct magnitudes up to 448, no infinity, NaN only at 0x7F and 0xFF.
/// It has the shape of <see cref="Half"/>: explicit conversions, comparisons, no arithmetic. Conversion rounds to nearest, ties to even,
/// and
/// saturates: everything beyond 448, infinity included, becomes 448 with its sign, as <c>satfinite</c> conversions of GPUs do. NaN stays
/// NaN.
/// </summary>
/// <remarks>
/// Smallest normal 2^-6; magnitudes up to 2^-10 round to zero. OFP8: Micikevicius et al., "FP8 Formats for Deep Learning", arXiv
/// 2209.05433.
/// </remarks>
public readonly struct Float8E4M3 : IEquatable<Float8E4M3>, IComparable<Float8E4M3>, IComparable, IFormattable
{
    private readonly byte _bits;

    private Float8E4M3(byte bits) => _bits = bits;

    /// <summary>Smallest positive value: 2^-9.</summary>
    public static Float8E4M3 Epsilon => new(0x01);

    /// <summary>Largest finite value: 448.</summary>
    public static Float8E4M3 MaxValue => new(0x7E);

    /// <summary>Most negative finite value: -448.</summary>
    public static Float8E4M3 MinValue => new(0x7E | 0x80);

    /// <summary>The NaN that conversion makes.</summary>
    public static Float8E4M3 NaN => new(0x7F);

    /// <summary>One.</summary>
    public static Float8E4M3 One => new(0x38);

    /// <summary>Values of all 256 codes, exact in binary32: the decode table.</summary>
    public static ReadOnlySpan<float> DecodeTable => Float8Codec<Layout>.Table;

    /// <summary>The 8 bits: sign, 4 exponent bits, 3 mantissa bits.</summary>
    public byte Bits => _bits;

    /// <summary>The value with the given bits.</summary>
    public static Float8E4M3 FromBits(byte bits) => new(bits);

    /// <summary>Whether the value is not NaN.</summary>
    public static bool IsFinite(Float8E4M3 value) => (value._bits & 0x7F) != 0x7F;

    /// <summary>Whether the value is NaN.</summary>
    public static bool IsNaN(Float8E4M3 value) => (value._bits & 0x7F) == 0x7F;

    /// <summary>Whether the sign bit is set, also for zero and NaN.</summary>
    public static bool IsNegative(Float8E4M3 value) => (value._bits & 0x80) != 0;

    /// <summary>Rounds to nearest, ties to even, and saturates.</summary>
    public static explicit operator Float8E4M3(float value) => new(Float8Codec<Layout>.Encode(value));

    /// <summary>Rounds once to nearest, ties to even, and saturates: there is no double rounding by way of binary32.</summary>
    public static explicit operator Float8E4M3(double value) => new(Float8Codec<Layout>.Encode(OddRounding.ToSingle(value)));

    /// <summary>Rounds to nearest, ties to even, and saturates.</summary>
    public static explicit operator Float8E4M3(Half value) => new(Float8Codec<Layout>.Encode((float)value));

    /// <summary>Exact.</summary>
    public static explicit operator float(Float8E4M3 value) => Float8Codec<Layout>.Table[value._bits];

    /// <summary>Exact.</summary>
    public static explicit operator double(Float8E4M3 value) => Float8Codec<Layout>.Table[value._bits];

    /// <summary>Exact: every value is a binary16 value.</summary>
    public static explicit operator Half(Float8E4M3 value) => (Half)Float8Codec<Layout>.Table[value._bits];

    /// <summary>Exact: every value is a bfloat16 value.</summary>
    public static explicit operator BFloat16(Float8E4M3 value) => (BFloat16)Float8Codec<Layout>.Table[value._bits];

    /// <summary>IEEE equality: NaN equals nothing, zeros are equal.</summary>
    public static bool operator ==(Float8E4M3 left, Float8E4M3 right) => (float)left == (float)right;

    /// <summary>IEEE inequality.</summary>
    public static bool operator !=(Float8E4M3 left, Float8E4M3 right) => (float)left != (float)right;

    /// <summary>Whether left is less; false when either is NaN.</summary>
    public static bool operator <(Float8E4M3 left, Float8E4M3 right) => (float)left < (float)right;

    /// <summary>Whether left is greater; false when either is NaN.</summary>
    public static bool operator >(Float8E4M3 left, Float8E4M3 right) => (float)left > (float)right;

    /// <summary>Whether left is less or equal; false when either is NaN.</summary>
    public static bool operator <=(Float8E4M3 left, Float8E4M3 right) => (float)left <= (float)right;

    /// <summary>Whether left is greater or equal; false when either is NaN.</summary>
    public static bool operator >=(Float8E4M3 left, Float8E4M3 right) => (float)left >= (float)right;

    /// <summary>Rounds each element, as the explicit conversion does.</summary>
    /// <exception cref="ArgumentException">The destination is shorter than the source.</exception>
    public static void ConvertFromSingle(ReadOnlySpan<float> source, Span<Float8E4M3> destination) =>
        Float8Codec<Layout>.Encode(source, MemoryMarshal.AsBytes(destination));

    /// <summary>Widens each element; exact.</summary>
    /// <exception cref="ArgumentException">The destination is shorter than the source.</exception>
    public static void ConvertToSingle(ReadOnlySpan<Float8E4M3> source, Span<float> destination) =>
        Float8Codec<Layout>.Decode(MemoryMarshal.AsBytes(source), destination);

    /// <inheritdoc/>
    public int CompareTo(Float8E4M3 other) => ((float)this).CompareTo((float)other);

    /// <inheritdoc/>
    public int CompareTo(object? obj) => obj switch
    {
        null => 1,
        Float8E4M3 other => CompareTo(other),
        _ => throw new ArgumentException($"Cannot compare {nameof(Float8E4M3)} with {obj.GetType()}.", nameof(obj)),
    };

    /// <summary>Equality in which NaN equals NaN, as for <see cref="float.Equals(float)"/>.</summary>
    public bool Equals(Float8E4M3 other) => ((float)this).Equals((float)other);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Float8E4M3 other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => ((float)this).GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => ToString(null, CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public string ToString(string? format, IFormatProvider? formatProvider) => ((float)this).ToString(format, formatProvider);

    internal readonly struct Layout : IFloat8Layout
    {
        public static int MantissaBits => 3;

        public static int Bias => 7;

        public static byte MaximumCode => 0x7E;

        public static bool HasInfinity => false;
    }
}
