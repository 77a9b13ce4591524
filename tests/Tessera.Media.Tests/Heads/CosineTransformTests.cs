using Tessera.Media.Heads;
using Xunit;

namespace Tessera.Media.Tests.Heads;

public sealed class CosineTransformTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(17)]
    public void Rows_are_orthonormal(int size)
    {
        CosineTransform transform = new(size);
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j < size; j++)
            {
                double dot = 0;
                for (int n = 0; n < size; n++)
                {
                    dot += (double)transform.Row(i)[n] * transform.Row(j)[n];
                }

                Assert.Equal(i == j ? 1 : 0, dot, 6);
            }
        }
    }

    [Fact]
    public void A_ramp_has_its_known_spectrum()
    {
        // DCT-II of 0, 1, 2, 3: 6 / 2, then sqrt(1/2) times sum n cos(pi (2n+1) k / 8).
        float[] spectrum = new float[4];
        new CosineTransform(4).Forward([0, 1, 2, 3], spectrum, 1, 1, 4);

        Assert.Equal(3, spectrum[0], 5);
        Assert.Equal(-2.230442, spectrum[1], 5);
        Assert.Equal(0, spectrum[2], 5);
        Assert.Equal(-0.158513, spectrum[3], 5);
    }

    [Theory]
    [InlineData(1, 8, 8)]
    [InlineData(2, 4, 6)]
    [InlineData(3, 1, 5)]
    public void All_coefficients_give_the_window_back_and_keep_its_length(int frames, int height, int width)
    {
        PatchTransform transform = new(frames, height, width, frames * height * width * 3);
        float[] window = new float[transform.Values];
        Random random = new(3);
        for (int i = 0; i < window.Length; i++)
        {
            window[i] = random.NextSingle() - 0.5f;
        }

        float[] coefficients = new float[transform.Coefficients];
        float[] back = new float[window.Length];
        transform.Forward(window, coefficients);
        transform.Inverse(coefficients, back);

        Assert.Equal(window.Length, transform.Coefficients);
        Assert.Equal(1, coefficients.Sum(static value => (double)value * value) / window.Sum(static value => (double)value * value), 5);
        for (int i = 0; i < window.Length; i++)
        {
            Assert.InRange(window[i] - back[i], -2e-6, 2e-6);
        }
    }

    [Fact]
    public void Few_coefficients_keep_the_smooth_part()
    {
        // A plane a + b x + c y of gray lies almost entirely in the first luma frequencies.
        PatchTransform transform = new(1, 8, 8, 16);
        float[] window = new float[transform.Values];
        for (int i = 0; i < window.Length; i++)
        {
            window[i] = 0.2f + (0.05f * (i / 3 % 8)) - (0.03f * (i / 24));
        }

        float[] coefficients = new float[transform.Coefficients];
        float[] back = new float[window.Length];
        transform.Forward(window, coefficients);
        transform.Inverse(coefficients, back);

        Assert.Equal(16, coefficients.Length);
        Assert.InRange(window.Zip(back, static (a, b) => Math.Abs(a - b)).Max(), 0, 0.02);
    }
}
