using Tessera.Neural.Layers;
using Xunit;

namespace Tessera.Neural.Tests.Layers;

public sealed class SinusoidalEmbeddingTests
{
    [Theory]
    [InlineData(0.0, 8)]
    [InlineData(999.0, 256)]
    [InlineData(937.5, 64)]
    public void Cosines_come_first_and_angles_keep_all_digits(double value, int width)
    {
        float[] embedding = new float[width];
        SinusoidalEmbedding.Forward(value, embedding);
        for (int i = 0; i < width / 2; i++)
        {
            double angle = value / Math.Exp(Math.Log(10000) * i / (width / 2));
            Assert.Equal(Math.Cos(angle), embedding[i], 1e-7);
            Assert.Equal(Math.Sin(angle), embedding[(width / 2) + i], 1e-7);
        }
    }

    [Fact]
    public void Odd_widths_and_numbers_that_are_none_are_refused()
    {
        Assert.Throws<ArgumentException>(() => SinusoidalEmbedding.Forward(1, new float[3]));
        Assert.Throws<ArgumentOutOfRangeException>(() => SinusoidalEmbedding.Forward(double.NaN, new float[4]));
    }
}
