using Tessera.Numerics;
using Xunit;

namespace Tessera.Tests.Numerics;

public sealed class BFloat16Tests
{
    private static readonly uint[] Tails = [0x0000, 0x0001, 0x7FFF, 0x8000, 0x8001, 0xFFFF];

    [Fact]
    public void Every_upper_half_with_critical_tails_rounds_to_nearest_even_scalar_and_bulk()
    {
        float[] inputs = new float[65536];
        BFloat16[] bulk = new BFloat16[inputs.Length];
        foreach (uint tail in Tails)
        {
            for (uint upper = 0; upper < 65536; upper++)
            {
                inputs[upper] = BitConverter.UInt32BitsToSingle((upper << 16) | tail);
            }

            BFloat16.ConvertFromSingle(inputs, bulk);
            for (uint upper = 0; upper < 65536; upper++)
            {
                ushort expected = Nearest(upper, tail);
                ushort actual = ((BFloat16)inputs[upper]).Bits;
                if (expected != actual || expected != bulk[upper].Bits)
                {
                    Assert.Fail($"0x{(upper << 16) | tail:X8}: wanted 0x{expected:X4}, scalar 0x{actual:X4}, bulk 0x{bulk[upper].Bits:X4}.");
                }
            }
        }
    }

    [Fact]
    public void Widening_is_exact_for_all_values()
    {
        BFloat16[] values = [.. Enumerable.Range(0, 65536).Select(bits => BFloat16.FromBits((ushort)bits))];
        float[] bulk = new float[values.Length];
        BFloat16.ConvertToSingle(values, bulk);
        for (int bits = 0; bits < values.Length; bits++)
        {
            uint expected = (uint)bits << 16;
            if (expected != BitConverter.SingleToUInt32Bits((float)values[bits]) || expected != BitConverter.SingleToUInt32Bits(bulk[bits]))
            {
                Assert.Fail($"0x{bits:X4} widened to {bulk[bits]:R}.");
            }
        }
    }

    [Fact]
    public void Bulk_equals_scalar_at_every_length()
    {
        Random random = new(5);
        float[] inputs = [.. Enumerable.Range(0, 70).Select(_ => (float)((random.NextDouble() - 0.5) * 1e3))];
        for (int length = 0; length <= inputs.Length; length++)
        {
            BFloat16[] codes = new BFloat16[length];
            float[] back = new float[length];
            BFloat16.ConvertFromSingle(inputs.AsSpan(0, length), codes);
            BFloat16.ConvertToSingle(codes, back);
            for (int i = 0; i < length; i++)
            {
                Assert.Equal((float)(BFloat16)inputs[i], back[i]);
            }
        }
    }

    [Fact]
    public void Double_just_beyond_a_tie_is_not_rounded_twice()
    {
        double tie = 1 + Math.Pow(2, -8);
        Assert.Equal(0x3F80, ((BFloat16)tie).Bits);
        Assert.Equal(0x3F81, ((BFloat16)Math.BitIncrement(tie)).Bits);
        Assert.Equal(0x3F80, ((BFloat16)Math.BitDecrement(tie)).Bits);
        Assert.Equal(0xBF81, ((BFloat16)(-Math.BitIncrement(tie))).Bits);
        Assert.Equal(BFloat16.PositiveInfinity, (BFloat16)1e300);
        Assert.Equal(0x0000, ((BFloat16)double.Epsilon).Bits);
    }

    [Fact]
    public void Half_converts_both_ways()
    {
        for (int bits = 0; bits < 65536; bits++)
        {
            Half half = BitConverter.UInt16BitsToHalf((ushort)bits);
            Assert.Equal(((BFloat16)(float)half).Bits, ((BFloat16)half).Bits);
        }

        Assert.Equal(Half.PositiveInfinity, (Half)BFloat16.MaxValue);
        Assert.Equal((Half)1, (Half)BFloat16.One);
    }

    [Fact]
    public void Comparisons_follow_ieee()
    {
        Assert.True(BFloat16.FromBits(0x8000) == BFloat16.FromBits(0));
        Assert.True(BFloat16.NaN != BFloat16.NaN && BFloat16.NaN.Equals(BFloat16.NaN));
        Assert.True(BFloat16.MinValue < BFloat16.Epsilon && BFloat16.One >= BFloat16.One);
        Assert.True(BFloat16.IsNaN(BFloat16.NaN) && BFloat16.IsInfinity(BFloat16.NegativeInfinity) && BFloat16.IsNegative(BFloat16.MinValue));
        Assert.Equal(1, BFloat16.One.CompareTo(null));
        Assert.Throws<ArgumentException>(() => BFloat16.One.CompareTo("1"));
    }

    private static ushort Nearest(uint upper, uint tail)
    {
        bool nan = (upper & 0x7F80) == 0x7F80 && ((upper & 0x7F) != 0 || tail != 0);
        if (nan)
        {
            return (ushort)(upper | 0x40);
        }

        bool infinite = (upper & 0x7FFF) == 0x7F80;
        bool up = tail > 0x8000 || (tail == 0x8000 && (upper & 1) == 1);
        return (ushort)(upper + (up && !infinite ? 1u : 0u));
    }
}
