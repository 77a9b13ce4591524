using Tessera.Neural.Layers;
using Tessera.Serialization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Neural.Tests.Layers;

public sealed class LayerNormTests
{
    private const float Epsilon = 1e-6f;

    [Theory]
    [InlineData(1, 1, 0)]
    [InlineData(3, 5, 0)]
    [InlineData(41, 131, 0)]
    [InlineData(7, 1536, 0)]
    [InlineData(4, 96, 300)]
    public void Rows_are_normalised_scaled_and_shifted(int rows, int width, float mean)
    {
        float[] x = [.. Normal(rows * width, 1).Select(value => value + mean)];
        float[] gain = Normal(width, 2);
        float[] offset = Normal(width, 3);
        double[] exact = new double[x.Length];
        float[] plain = new float[x.Length];
        for (int row = 0; row < rows; row++)
        {
            Span<float> part = x.AsSpan(row * width, width);
            Exact(part, gain, offset, exact.AsSpan(row * width));
            Plain(part, gain, offset, plain.AsSpan(row * width));
        }

        float[] y = new float[x.Length];
        LayerNorm.Apply(x, gain, offset, Epsilon, y);
        NumericAssert.WithinBudget(exact, plain, y);
        LayerNorm layer = new(
            StoredTensor.FromValues<float>("g", [width], gain), StoredTensor.FromValues<float>("b", [width], offset), Epsilon);
        foreach (int threads in new[] { 0, 1, 5 })
        {
            float[] again = [.. x];
            layer.Forward(again, again, threads);
            NumericAssert.BitwiseEqual(y, again);
        }
    }

    [Fact]
    public void A_constant_row_becomes_its_offset_and_nothing_is_written_beside_it()
    {
        float[] memory = [7, 4, 4, 4, 4, 7];
        LayerNorm.Apply(memory.AsSpan(1, 4), [1, 2, 3, 4], [5, 6, 7, 8], Epsilon, memory.AsSpan(1, 4));
        Assert.Equal([7, 5, 6, 7, 8, 7], memory);
    }

    [Fact]
    public void Lengths_that_do_not_fit_are_refused()
    {
        float[] six = new float[6];
        Assert.Throws<ArgumentException>(() => LayerNorm.Apply(six, new float[4], new float[4], Epsilon, six));
        Assert.Throws<ArgumentException>(() => LayerNorm.Apply(six, new float[3], new float[2], Epsilon, six));
        Assert.Throws<ArgumentException>(() => LayerNorm.Apply(six, new float[3], new float[3], Epsilon, new float[3]));
        Assert.Throws<ArgumentException>(() => LayerNorm.Apply([], [], [], Epsilon, []));
        Assert.Throws<ArgumentException>(
            () => new LayerNorm(StoredTensor.FromValues<float>("g", [2], [1, 1]), StoredTensor.FromValues<float>("b", [1], [1]), Epsilon));
    }

    private static void Exact(ReadOnlySpan<float> x, ReadOnlySpan<float> gain, ReadOnlySpan<float> offset, Span<double> y)
    {
        double mean = 0;
        double variance = 0;
        foreach (float value in x)
        {
            mean += (double)value / x.Length;
        }

        foreach (float value in x)
        {
            variance += (value - mean) * (value - mean) / x.Length;
        }

        for (int i = 0; i < x.Length; i++)
        {
            y[i] = ((x[i] - mean) / Math.Sqrt(variance + Epsilon) * gain[i]) + offset[i];
        }
    }

    private static void Plain(ReadOnlySpan<float> x, ReadOnlySpan<float> gain, ReadOnlySpan<float> offset, Span<float> y)
    {
        float mean = 0;
        float variance = 0;
        foreach (float value in x)
        {
            mean += value;
        }

        mean /= x.Length;
        foreach (float value in x)
        {
            variance += (value - mean) * (value - mean);
        }

        for (int i = 0; i < x.Length; i++)
        {
            y[i] = ((x[i] - mean) / MathF.Sqrt((variance / x.Length) + Epsilon) * gain[i]) + offset[i];
        }
    }

    private static float[] Normal(int count, int seed)
    {
        float[] values = new float[count];
        SeededInputs.FillNormal(new Random(seed), values);
        return values;
    }
}
