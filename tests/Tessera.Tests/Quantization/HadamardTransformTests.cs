using System.Numerics;
using Tessera.Quantization;
using Xunit;

namespace Tessera.Tests.Quantization;

public sealed class HadamardTransformTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(16)]
    [InlineData(64)]
    [InlineData(128)]
    [InlineData(256)]
    public void The_fast_transform_is_the_signed_Hadamard_matrix(int channels)
    {
        float[] rows = new float[channels * channels];
        for (int i = 0; i < channels; i++)
        {
            rows[(i * channels) + i] = 1;
        }

        HadamardTransform.Apply(rows, channels);
        float unit = (float)(1 / Math.Sqrt(channels));
        for (int from = 0; from < channels; from++)
        {
            for (int to = 0; to < channels; to++)
            {
                int sign = BitOperations.PopCount((uint)(from & to)) % 2 == 0 ? 1 : -1;
                Assert.Equal(sign * HadamardTransform.Sign(from) * unit, rows[(from * channels) + to]);
            }
        }
    }

    [Fact]
    public void Signs_are_the_bits_of_SplitMix64()
    {
        // First two outputs of the published generator from seed 0.
        ulong[] words = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4];
        for (int channel = 0; channel < 128; channel++)
        {
            Assert.Equal((words[channel / 64] >> (channel % 64) & 1) == 0 ? 1 : -1, HadamardTransform.Sign(channel));
        }
    }

    [Theory]
    [InlineData(96, 128)]
    [InlineData(64, 64)]
    [InlineData(5, 8)]
    public void Padded_rows_keep_their_dot_products(int channels, int padded)
    {
        Assert.Equal(padded, HadamardTransform.PaddedChannels(channels));
        Random random = new(3);
        float[] rows = [.. Enumerable.Range(0, 4 * channels).Select(_ => (float)(random.NextDouble() - 0.5))];
        float[] transformed = new float[4 * padded];
        transformed.AsSpan().Fill(float.NaN);
        HadamardTransform.Apply(rows, channels, transformed);
        for (int a = 0; a < 4; a++)
        {
            for (int b = 0; b < 4; b++)
            {
                double before = Dot(rows, a, b, channels);
                double after = Dot(transformed, a, b, padded);
                // log2(n) additions and one product per element, each within 2^-24, against |row|^2 <= channels / 4.
                Assert.Equal(before, after, channels * 0.25 * 2 * (Math.Log2(padded) + 1) * Math.Pow(2, -24));
            }
        }
    }

    [Fact]
    public void Rows_that_are_no_power_of_two_are_refused_in_place()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => HadamardTransform.Apply(new float[96], 96));
        Assert.Contains("pad rows to 128", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => HadamardTransform.Apply(new float[96], 64));
        Assert.Throws<ArgumentException>(() => HadamardTransform.Apply(new float[96], 96, new float[96]));
    }

    private static double Dot(float[] rows, int a, int b, int width)
    {
        double sum = 0;
        for (int i = 0; i < width; i++)
        {
            sum += (double)rows[(a * width) + i] * rows[(b * width) + i];
        }

        return sum;
    }
}
