using Tessera.Numerics;
using Xunit;

namespace Tessera.Tests.Numerics;

/// <summary>
/// Both FP8 codecs against a definition that shares no code with them: the nearest of all code values by exhaustive search, ties to the
/// even code.
/// </summary>
public sealed class Float8Tests
{
    private static readonly Codec E4M3 = new(
        "E4M3", 3, 7, 0x7E, HasInfinity: false, v => ((Float8E4M3)v).Bits, v => ((Float8E4M3)v).Bits, v => ((Float8E4M3)v).Bits,
        code => (float)Float8E4M3.FromBits(code), BulkEncodeE4M3, BulkDecodeE4M3);

    private static readonly Codec E5M2 = new(
        "E5M2", 2, 15, 0x7B, HasInfinity: true, v => ((Float8E5M2)v).Bits, v => ((Float8E5M2)v).Bits, v => ((Float8E5M2)v).Bits,
        code => (float)Float8E5M2.FromBits(code), BulkEncodeE5M2, BulkDecodeE5M2);

    public static TheoryData<string> Formats => ["E4M3", "E5M2"];

    [Theory]
    [MemberData(nameof(Formats))]
    public void All_256_codes_decode_to_their_definition(string format)
    {
        Codec codec = Get(format);
        float[] bulk = codec.BulkDecode([.. Enumerable.Range(0, 256).Select(code => (byte)code)]);
        for (int code = 0; code < 256; code++)
        {
            float expected = codec.Define(code);
            AssertSameBits(expected, codec.Decode((byte)code), code);
            AssertSameBits(expected, bulk[code], code);
        }
    }

    [Fact]
    public void E4M3_landmarks_are_those_of_the_paper()
    {
        Assert.Equal(448f, (float)Float8E4M3.MaxValue);
        Assert.Equal(-448f, (float)Float8E4M3.MinValue);
        Assert.Equal(0.001953125f, (float)Float8E4M3.Epsilon);
        Assert.Equal(0.015625f, (float)Float8E4M3.FromBits(0x08));
        Assert.Equal(1f, (float)Float8E4M3.One);
        Assert.Equal(127, Enumerable.Range(0, 128).Select(code => (float)Float8E4M3.FromBits((byte)code)).Where(float.IsFinite).Distinct().Count());
        Assert.True(Float8E4M3.IsNaN(Float8E4M3.FromBits(0x7F)) && Float8E4M3.IsNaN(Float8E4M3.FromBits(0xFF)));
        Assert.Equal(254, Enumerable.Range(0, 256).Count(code => Float8E4M3.IsFinite(Float8E4M3.FromBits((byte)code))));
    }

    [Fact]
    public void E5M2_landmarks_are_those_of_the_paper_and_it_is_the_upper_half_of_binary16()
    {
        Assert.Equal(57344f, (float)Float8E5M2.MaxValue);
        Assert.Equal(1f, (float)Float8E5M2.One);
        Assert.Equal(float.PositiveInfinity, (float)Float8E5M2.PositiveInfinity);
        for (int code = 0; code < 256; code++)
        {
            float half = (float)BitConverter.UInt16BitsToHalf((ushort)(code << 8));
            AssertSameValue(half, (float)Float8E5M2.FromBits((byte)code), code);
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void All_65536_bfloat16_inputs_encode_to_the_nearest_code(string format)
    {
        float[] inputs = [.. Enumerable.Range(0, 65536).Select(bits => BitConverter.UInt32BitsToSingle((uint)bits << 16))];
        AssertEncodes(Get(format), inputs);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Ties_and_their_binary32_neighbours_encode_to_the_nearest_code(string format)
    {
        Codec codec = Get(format);
        List<float> inputs = [float.Epsilon, -float.Epsilon, float.MaxValue, float.MinValue, 0f, -0f];
        for (int code = 0; code < codec.MaximumCode; code++)
        {
            float middle = (codec.Define(code) + codec.Define(code + 1)) / 2;
            foreach (float near in new[] { middle, MathF.BitIncrement(middle), MathF.BitDecrement(middle) })
            {
                inputs.Add(near);
                inputs.Add(-near);
            }
        }

        AssertEncodes(codec, [.. inputs]);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Half_inputs_encode_to_the_nearest_code(string format)
    {
        Codec codec = Get(format);
        for (int bits = 0; bits < 65536; bits++)
        {
            Half half = BitConverter.UInt16BitsToHalf((ushort)bits);
            Assert.Equal(codec.Nearest((double)half), codec.EncodeHalf(half));
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_double_just_beyond_a_tie_is_not_rounded_twice(string format)
    {
        Codec codec = Get(format);
        for (int code = 0; code < codec.MaximumCode; code++)
        {
            double middle = ((double)codec.Define(code) + codec.Define(code + 1)) / 2;
            foreach (double near in new[] { middle, Math.BitIncrement(middle), Math.BitDecrement(middle), middle * (1 + 1e-10) })
            {
                Assert.Equal(codec.Nearest(near), codec.EncodeDouble(near));
                Assert.Equal(codec.Nearest(-near), codec.EncodeDouble(-near));
            }
        }

        Assert.Equal(codec.MaximumCode, codec.EncodeDouble(1e300));
        Assert.Equal((byte)0, codec.EncodeDouble(double.Epsilon));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Encoding_saturates_infinity_and_keeps_nan_with_its_sign(string format)
    {
        Codec codec = Get(format);
        Assert.Equal(codec.MaximumCode, codec.Encode(float.PositiveInfinity));
        Assert.Equal((byte)(codec.MaximumCode | 0x80), codec.Encode(float.NegativeInfinity));
        Assert.Equal(codec.MaximumCode, codec.Encode(1e30f));
        Assert.Equal((byte)0xFF, codec.Encode(BitConverter.UInt32BitsToSingle(0xFFC00000)));
        Assert.Equal((byte)0x7F, codec.Encode(BitConverter.UInt32BitsToSingle(0x7F800001)));
        Assert.Equal((byte)0x80, codec.Encode(-0f));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Bulk_conversion_equals_scalar_at_every_length(string format)
    {
        Codec codec = Get(format);
        Random random = new(17);
        float[] inputs = new float[131];
        for (int i = 0; i < inputs.Length; i++)
        {
            inputs[i] = BitConverter.UInt32BitsToSingle((uint)random.NextInt64(1L << 32));
        }

        for (int length = 0; length <= inputs.Length; length++)
        {
            byte[] codes = codec.BulkEncode(inputs[..length]);
            float[] decoded = codec.BulkDecode(codes);
            for (int i = 0; i < length; i++)
            {
                Assert.Equal(codec.Encode(inputs[i]), codes[i]);
                AssertSameBits(codec.Define(codes[i]), decoded[i], codes[i]);
            }
        }
    }

    [Fact]
    public void Short_destinations_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Float8E4M3.ConvertFromSingle(new float[3], new Float8E4M3[2]));
        Assert.Throws<ArgumentException>(() => Float8E5M2.ConvertToSingle(new Float8E5M2[3], new float[2]));
        Assert.Throws<ArgumentException>(() => BFloat16.ConvertFromSingle(new float[3], new BFloat16[2]));
    }

    [Fact]
    public void Comparisons_follow_the_values()
    {
        Assert.True(Float8E4M3.FromBits(0x80) == Float8E4M3.FromBits(0x00));
        Assert.False(Float8E4M3.NaN == Float8E4M3.NaN);
        Assert.True(Float8E4M3.NaN.Equals(Float8E4M3.NaN));
        Assert.True(Float8E4M3.MinValue < Float8E4M3.One && Float8E4M3.One <= Float8E4M3.MaxValue);
        Assert.True(Float8E5M2.MinValue.CompareTo(Float8E5M2.NaN) > 0);
        Assert.Equal("448", Float8E4M3.MaxValue.ToString());
        Assert.Equal((Half)57344, (Half)Float8E5M2.MaxValue);
        Assert.Equal(BFloat16.One, (BFloat16)Float8E4M3.One);
    }

    private static void AssertEncodes(Codec codec, float[] inputs)
    {
        byte[] bulk = codec.BulkEncode(inputs);
        for (int i = 0; i < inputs.Length; i++)
        {
            byte expected = codec.Nearest(inputs[i]);
            if (expected != codec.Encode(inputs[i]) || expected != bulk[i])
            {
                Assert.Fail($"{codec.Name} of {inputs[i]:R}: wanted 0x{expected:X2}, scalar 0x{codec.Encode(inputs[i]):X2}, bulk 0x{bulk[i]:X2}.");
            }
        }
    }

    private static void AssertSameBits(float expected, float actual, int code)
    {
        if (BitConverter.SingleToUInt32Bits(expected) != BitConverter.SingleToUInt32Bits(actual))
        {
            Assert.Fail($"Code 0x{code:X2}: wanted {expected:R}, got {actual:R}.");
        }
    }

    private static void AssertSameValue(float expected, float actual, int code)
    {
        if (!expected.Equals(actual) || (!float.IsNaN(expected) && float.IsNegative(expected) != float.IsNegative(actual)))
        {
            Assert.Fail($"Code 0x{code:X2}: wanted {expected:R}, got {actual:R}.");
        }
    }

    private static Codec Get(string format) => format == E4M3.Name ? E4M3 : E5M2;

    private static byte[] BulkEncodeE4M3(float[] source)
    {
        Float8E4M3[] codes = new Float8E4M3[source.Length];
        Float8E4M3.ConvertFromSingle(source, codes);
        return [.. codes.Select(code => code.Bits)];
    }

    private static byte[] BulkEncodeE5M2(float[] source)
    {
        Float8E5M2[] codes = new Float8E5M2[source.Length];
        Float8E5M2.ConvertFromSingle(source, codes);
        return [.. codes.Select(code => code.Bits)];
    }

    private static float[] BulkDecodeE4M3(byte[] source)
    {
        float[] values = new float[source.Length];
        Float8E4M3.ConvertToSingle([.. source.Select(Float8E4M3.FromBits)], values);
        return values;
    }

    private static float[] BulkDecodeE5M2(byte[] source)
    {
        float[] values = new float[source.Length];
        Float8E5M2.ConvertToSingle([.. source.Select(Float8E5M2.FromBits)], values);
        return values;
    }

    private sealed record Codec(
        string Name, int MantissaBits, int Bias, byte MaximumCode, bool HasInfinity, Func<float, byte> Encode, Func<double, byte> EncodeDouble,
        Func<Half, byte> EncodeHalf, Func<byte, float> Decode, Func<float[], byte[]> BulkEncode, Func<byte[], float[]> BulkDecode)
    {
        /// <summary>(-1)^S 2^(E - bias) (1 + M / 2^m), or 2^(1 - bias) M / 2^m for E = 0.</summary>
        public float Define(int code)
        {
            int magnitude = code & 0x7F;
            double mantissa = (magnitude & ((1 << MantissaBits) - 1)) / Math.Pow(2, MantissaBits);
            int exponent = magnitude >> MantissaBits;
            double value = exponent == 0 ? mantissa * Math.Pow(2, 1 - Bias) : (1 + mantissa) * Math.Pow(2, exponent - Bias);
            if (magnitude > MaximumCode)
            {
                value = HasInfinity && magnitude == MaximumCode + 1 ? double.PositiveInfinity : BitConverter.UInt32BitsToSingle(0x7FC00000);
            }

            return (code & 0x80) == 0 ? (float)value : -(float)value;
        }

        /// <summary>
        /// Nearest finite code by looking at every one; of two equally near the even code; beyond the largest value that value.
        /// </summary>
        public byte Nearest(double value)
        {
            int sign = double.IsNegative(value) ? 0x80 : 0;
            if (double.IsNaN(value))
            {
                return (byte)(sign | 0x7F);
            }

            double magnitude = Math.Min(Math.Abs(value), Define(MaximumCode));
            int best = 0;
            for (int code = 1; code <= MaximumCode; code++)
            {
                double distance = Math.Abs(Define(code) - magnitude);
                double bestDistance = Math.Abs(Define(best) - magnitude);
                if (distance < bestDistance || (distance == bestDistance && code % 2 == 0))
                {
                    best = code;
                }
            }

            return (byte)(sign | best);
        }
    }
}
