using Tessera.Neural.Layers;
using Tessera.Serialization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Neural.Tests.Layers;

public sealed class ElementwiseLayerTests
{
    private const int Width = 131;
    private const int Rows = 7;

    [Fact]
    public void RmsNorm_is_its_formula()
    {
        float[] x = Normal(Rows * Width, 1);
        float[] w = Normal(Width, 2);
        double[] exact = new double[x.Length];
        float[] plain = new float[x.Length];
        for (int row = 0; row < Rows; row++)
        {
            double mean = Enumerable.Range(0, Width).Sum(i => Math.Pow(x[(row * Width) + i], 2)) / Width;
            float single = Enumerable.Range(0, Width).Aggregate(0f, (sum, i) => sum + (x[(row * Width) + i] * x[(row * Width) + i])) / Width;
            for (int i = 0; i < Width; i++)
            {
                exact[(row * Width) + i] = x[(row * Width) + i] / Math.Sqrt(mean + 0.25f) * w[i];
                plain[(row * Width) + i] = x[(row * Width) + i] / MathF.Sqrt(single + 0.25f) * w[i];
            }
        }

        RmsNorm norm = new(StoredTensor.FromValues<float>("w", [Width], w), 0.25f);
        float[] y = new float[x.Length];
        norm.Forward(x, y);
        NumericAssert.WithinBudget(exact, plain, y);
        norm.Forward(x, x);
        NumericAssert.BitwiseEqual(y, x);
        Assert.Throws<ArgumentException>(() => norm.Forward(x, y.AsSpan(1)));
        Assert.Throws<ArgumentException>(() => norm.Forward(x.AsSpan(1), y.AsSpan(1)));
    }

    [Fact]
    public void Gelu_is_its_formula_even_far_out()
    {
        float[] x = [.. Normal(1500, 3).Select(static value => 3 * value), 0, -0f, 20, -20, 1e20f, -1e20f, 1e-30f];
        double[] exact = [.. x.Select(static value => Gelu(value))];
        float[] plain = [.. x.Select(static value => 0.5f * value * (1 + MathF.Tanh(0.79788456f * (value + (0.044715f * value * value * value)))))];
        float[] y = new float[x.Length];
        GeluTanh.Forward(x, y);
        NumericAssert.WithinBudget(exact.AsSpan(0, 1500), plain.AsSpan(0, 1500), y.AsSpan(0, 1500));

        // The sigmoid saturates at 2^-126, so that much of x is left.
        Assert.Equal([0, 0, 20, 0, 1e20f, 0], y[1500..^1].Select(static value => MathF.Abs(value) < 1e-17f ? 0 : value));
        Assert.Equal(0.5e-30f, y[^1], 1e-36f);
        Assert.Throws<ArgumentException>(() => GeluTanh.Forward(x, y.AsSpan(1)));
        GeluTanh.Forward(x, x);
        NumericAssert.BitwiseEqual(y, x);

        static double Gelu(double value) => 0.5 * value * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (value + (0.044715 * value * value * value))));
    }

    [Fact]
    public void Silu_is_its_formula_even_far_out()
    {
        float[] x = [.. Normal(5000, 4).Select(static value => 5 * value), 0, 100, -100, 1e-30f];
        double[] exact = [.. x.Select(static value => value / (1 + Math.Exp(-value)))];
        float[] plain = [.. x.Select(static value => value / (1 + MathF.Exp(-value)))];
        float[] y = new float[x.Length];
        Silu.Forward(x, y);
        NumericAssert.WithinBudget(exact, plain, y);
        Assert.Equal([0, 100, 0], y[5000..^1].Select(static value => MathF.Abs(value) < 1e-35f ? 0 : value));
        Assert.Equal(0.5e-30f, y[^1], 1e-36f);
        Assert.Throws<ArgumentException>(() => Silu.Forward(x, y.AsSpan(1)));
        foreach (int threads in new[] { 1, 3 })
        {
            float[] again = [.. x];
            Silu.Forward(again, again, threads);
            NumericAssert.BitwiseEqual(y, again);
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Activations_hide_no_fault(float fault)
    {
        float[] x = [1, fault, 2];
        GeluTanh.Forward(x, x);
        Assert.False(float.IsFinite(x[1]));
        x[1] = fault;
        Silu.Forward(x, x);
        Assert.False(float.IsFinite(x[1]));
    }

    [Fact]
    public void Softmax_survives_any_size_of_scores()
    {
        float[] row = [1000, 999, 0, -1e30f];
        StableSoftmax.Forward(row);
        double[] exact = [1 / (1 + Math.Exp(-1)), Math.Exp(-1) / (1 + Math.Exp(-1)), 0, 0];
        Assert.All(row.Zip(exact), static pair => Assert.Equal(pair.Second, pair.First, 1e-6));
        float[] one = [float.MinValue];
        StableSoftmax.Forward(one);
        Assert.Equal([1], one);
        StableSoftmax.Forward([]);
    }

    [Fact]
    public void Embedding_reads_rows_and_refuses_others()
    {
        Embedding table = new(StoredTensor.FromValues<float>("e", [3, 2], [1, 2, 3, 4, 5, 6]));
        float[] rows = new float[6];
        table.Forward([2, 0, 2], rows);
        Assert.Equal([5, 6, 1, 2, 5, 6], rows);
        Assert.Contains("Id 1 is 3", Assert.Throws<ArgumentOutOfRangeException>(() => table.Forward([0, 3, 0], rows)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => table.Forward([0, -1, 0], rows));
        Assert.Throws<ArgumentException>(() => table.Forward([0], rows));
    }

    [Fact]
    public unsafe void The_arena_gives_aligned_blocks_within_what_was_reserved()
    {
        using ActivationArena arena = new();
        arena.Reset(48);
        ActivationBlock first = arena.Take(3);
        ActivationBlock second = arena.Take(17);
        first.Span.Fill(1);
        second.Span.Fill(2);
        Assert.Equal([1, 1, 1], first.Span.ToArray());
        fixed (float* a = first.Span, b = second.Span)
        {
            Assert.True((nint)a % 64 == 0 && b - a == 16);
        }

        Assert.Contains("48", Assert.Throws<InvalidOperationException>(() => arena.Take(1)).Message, StringComparison.Ordinal);
        arena.Reset(16);
        Assert.Equal(48, arena.Capacity);
        arena.Take(48).Span.Clear();
    }

    private static float[] Normal(int count, int seed)
    {
        float[] values = new float[count];
        SeededInputs.FillNormal(new Random(seed), values);
        return values;
    }
}
