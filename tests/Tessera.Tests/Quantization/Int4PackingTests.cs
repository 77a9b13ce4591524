using Tessera.Quantization;
using Xunit;

namespace Tessera.Tests.Quantization;

public sealed class Int4PackingTests
{
    [Fact]
    public void All_pairs_of_codes_survive()
    {
        for (int first = -8; first <= 7; first++)
        {
            for (int second = -8; second <= 7; second++)
            {
                byte[] packed = new byte[1];
                sbyte[] back = new sbyte[2];
                Int4Packing.Pack([(sbyte)first, (sbyte)second], packed);
                Assert.Equal((first & 15) | ((second & 15) << 4), packed[0]);
                Int4Packing.Unpack(packed, back);
                Assert.Equal([(sbyte)first, (sbyte)second], back);
            }
        }
    }

    [Fact]
    public void An_odd_count_leaves_the_last_high_nibble_zero()
    {
        byte[] packed = [0xFF, 0xFF];
        Int4Packing.Pack([1, 2, -1], packed);
        Assert.Equal([0x21, 0x0F], packed);
        sbyte[] back = new sbyte[3];
        Int4Packing.Unpack(packed, back);
        Assert.Equal([1, 2, -1], back);
        Assert.Equal(0, Int4Packing.PackedLength(0));
    }

    [Fact]
    public void Misfits_are_refused()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Int4Packing.Pack([0, 8], new byte[1]));
        Assert.Contains("codes[1] is 8", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Int4Packing.Pack([0, 1, 2], new byte[1]));
        Assert.Throws<ArgumentException>(() => Int4Packing.Unpack(new byte[1], new sbyte[3]));
    }
}
