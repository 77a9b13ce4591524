using Tessera.Neural.Layers;
using Tessera.Neural.Products;
using Tessera.Numerics;
using Tessera.Serialization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Neural.Tests.Products;

public sealed class MatrixProductTests
{
    /// <summary>Both ways of a product, one and many blocks, and every remainder of rows, columns and the inner dimension.</summary>
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 1000, 1)]
    [InlineData(3, 5, 2)]
    [InlineData(5, 17, 3)]
    [InlineData(8, 64, 64)]
    [InlineData(13, 100, 77)]
    [InlineData(4, 20_000, 3)]
    [InlineData(49, 1600, 301)]
    [InlineData(256, 33, 50)]
    [InlineData(257, 1, 9)]
    [InlineData(258, 100, 1)]
    [InlineData(259, 31, 16)]
    [InlineData(261, 1700, 65)]
    [InlineData(300, 40, 97)]
    [InlineData(1600, 20, 113)]
    [InlineData(0, 4, 4)]
    [InlineData(3, 4, 0)]
    [InlineData(3, 0, 4)]
    public void Products_are_within_the_rounding_of_their_sums(int rows, int inner, int columns)
    {
        (float[] x, float[] w, float[] b) = Random(rows, inner, columns);
        (double[] exact, double[] magnitudes) = PlainProduct.Of(x, w, b, rows, inner, columns);
        StoredTensor weight = StoredTensor.FromValues<float>("w", [columns, inner], w);
        float[] one = new float[exact.Length];
        MatrixProduct.Multiply(x, rows, weight, b, one, threads: 1);
        SumBound.Require(exact, magnitudes, inner, one);
        foreach (int threads in new[] { 2, 5 })
        {
            float[] several = new float[exact.Length];
            MatrixProduct.Multiply(x, rows, weight, b, several, threads);
            NumericAssert.BitwiseEqual(one, several);
        }
    }

    /// <summary>Converted while packed, a weight gives the bits of its binary32 values: few rows and many.</summary>
    [Theory]
    [InlineData(37)]
    [InlineData(270)]
    public void Stored_types_are_widened_exactly(int rows)
    {
        const int Inner = 813, Columns = 101;
        (float[] x, float[] w, _) = Random(rows, Inner, Columns);
        Same(x, rows, [.. w.Select(static value => (BFloat16)value)], static value => (float)value);
        Same(x, rows, [.. w.Select(static value => (Half)value)], static value => (float)value);
        Same(x, rows, [.. w.Select(static value => (Float8E4M3)value)], static value => (float)value);
        Same(x, rows, [.. w.Select(static value => (Float8E5M2)value)], static value => (float)value);
        Same(x, rows, [.. w.Select(static value => (sbyte)(value * 30))], static value => value);
        Same(x, rows, [.. w.Select(static value => (double)value)], static value => (float)value);

        static void Same<T>(float[] x, int rows, T[] stored, Func<T, float> widen)
            where T : unmanaged
        {
            float[] expected = new float[rows * Columns];
            float[] actual = new float[rows * Columns];
            StoredTensor wide = StoredTensor.FromValues<float>("w", [Columns, Inner], stored.Select(widen).ToArray());
            MatrixProduct.Multiply(x, rows, wide, [], expected, threads: 1);
            MatrixProduct.Multiply(x, rows, StoredTensor.FromValues<T>("w", [Columns, Inner], stored), [], actual, threads: 2);
            NumericAssert.BitwiseEqual(expected, actual);
            float[] exact = new float[Columns];
            float[] unit = new float[Inner];
            unit[Inner - 3] = 1;
            MatrixProduct.Multiply(unit, 1, StoredTensor.FromValues<T>("w", [Columns, Inner], stored), [], exact);
            Assert.Equal(Enumerable.Range(0, Columns).Select(row => widen(stored[(row * Inner) + Inner - 3])), exact);
        }
    }

    [Theory]
    [InlineData(7)]
    [InlineData(280)]
    public void Epilogues_are_those_of_the_finished_sums(int rows)
    {
        const int Inner = 70, Columns = 53;
        (float[] x, float[] w, float[] b) = Random(rows, Inner, Columns);
        Linear layer = new(
            StoredTensor.FromValues<float>("w", [Columns, Inner], w), StoredTensor.FromValues<float>("b", [Columns], b));
        float[] sums = new float[rows * Columns];
        layer.Forward(x, rows, sums);
        float[] residual = PlainProduct.Normal(9, sums.Length);
        float[] gate = PlainProduct.Normal(10, Columns);
        float[] y = new float[sums.Length];

        layer.Forward(x, rows, default(Activated<ReluActivation>), y);
        Assert.Equal(sums.Select(static sum => MathF.Max(sum, 0)), y);
        layer.Forward(x, rows, new Added<NoActivation>(residual), y);
        Assert.Equal(sums.Zip(residual, static (sum, other) => other + sum), y);
        layer.Forward(x, rows, default(Activated<SiluActivation>), y);
        Close(sums.Select(static sum => sum / (1 + Math.Exp(-sum))), y);
        layer.Forward(x, rows, default(Activated<GeluTanhActivation>), y);
        Close(sums.Select(static sum => sum / 2.0 * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (sum + (0.044715 * sum * sum * sum))))), y);
        float[] inPlace = [.. residual];
        layer.Forward(x, rows, new GatedResidual(gate, inPlace), inPlace, threads: 2);
        Close(sums.Select((sum, i) => residual[i] + ((double)gate[i % Columns] * sum)), inPlace);
    }

    /// <summary>Activations reach both tails without overflow on the way.</summary>
    [Fact]
    public void Activations_hold_far_from_zero()
    {
        float[] x = [-1e30f, -200, -90, -20, -1e-30f, 0, 1e-30f, 20, 90, 200, 1e10f];
        Linear layer = new(StoredTensor.FromValues<float>("w", [1, 1], [1]));
        float[] y = new float[x.Length];
        layer.Forward(x, x.Length, default(Activated<SiluActivation>), y);
        Close(x.Select(static value => value / (1 + Math.Exp(-(double)value))), y);
        layer.Forward(x, x.Length, default(Activated<GeluTanhActivation>), y);
        Close(x.Select(static value => value < -20 ? 0 : value > 20 ? value : value / 2 * (1 + Math.Tanh(0.79788456 * value))), y);
    }

    /// <summary>Rows that are slices of wider ones, every span against a page that may not be touched.</summary>
    [Theory]
    [InlineData(1, 3, 5)]
    [InlineData(11, 37, 19)]
    [InlineData(50, 100, 33)]
    [InlineData(263, 21, 70)]
    [InlineData(266, 800, 17)]
    public void Slices_of_rows_are_written_and_nothing_else_is_touched(int rows, int inner, int columns)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const int Wider = 7;
        (float[] x, float[] w, float[] b) = Random(rows, inner, columns);
        foreach (bool after in new[] { true, false })
        {
            using GuardedMemory<float> input = new(((rows - 1) * (inner + Wider)) + inner, after);
            using GuardedMemory<float> output = new(((rows - 1) * (columns + Wider)) + columns, after);
            using GuardedMemory<float> bias = new(columns, after);
            b.CopyTo(bias.Span);
            output.Span.Fill(-7);
            for (int row = 0; row < rows; row++)
            {
                x.AsSpan(row * inner, inner).CopyTo(input.Span[(row * (inner + Wider))..]);
            }

            float[] expected = new float[rows * columns];
            StoredTensor weight = StoredTensor.FromValues<float>("w", [columns, inner], w);
            MatrixProduct.Multiply(x, rows, weight, b, expected);
            MatrixProduct.Multiply(
                input.Span, rows, weight, bias.Span, default(Activated<NoActivation>), output.Span, threads: 3,
                new RowStrides(inner + Wider, columns + Wider));
            for (int i = 0; i < output.Length; i++)
            {
                int column = i % (columns + Wider);
                Assert.Equal(column < columns ? expected[(i / (columns + Wider) * columns) + column] : -7, output.Span[i]);
            }
        }
    }

    /// <summary>Weights that end where a mapped file ends.</summary>
    [Theory]
    [InlineData(5)]
    [InlineData(270)]
    public void Weights_are_not_read_beyond_their_end(int rows)
    {
        const int Inner = 1024, Columns = 64;
        (float[] x, float[] w, _) = Random(rows, Inner, Columns);
        string path = Path.Combine(Path.GetTempPath(), $"tessera-{Guid.NewGuid():N}.safetensors");
        try
        {
            SafetensorsWriter writer = new();
            writer.Add<float>("w", [Columns, Inner], w);
            using (FileStream stream = File.Create(path))
            {
                writer.Write(stream);
            }

            using SafetensorsFile file = SafetensorsFile.Open(path);
            float[] expected = new float[rows * Columns];
            float[] actual = new float[rows * Columns];
            MatrixProduct.Multiply(x, rows, StoredTensor.FromValues<float>("w", [Columns, Inner], w), [], expected);
            MatrixProduct.Multiply(x, rows, file.Tensor("w"), [], actual);
            NumericAssert.BitwiseEqual(expected, actual);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData(20)]
    [InlineData(300)]
    public void A_number_that_is_none_reaches_its_row_and_no_other(int rows)
    {
        const int Inner = 40, Columns = 50;
        (float[] x, float[] w, float[] b) = Random(rows, Inner, Columns);
        x[(3 * Inner) + 39] = float.NaN;
        float[] y = new float[rows * Columns];
        Linear layer = new(
            StoredTensor.FromValues<float>("w", [Columns, Inner], w), StoredTensor.FromValues<float>("b", [Columns], b));
        layer.Forward(x, rows, default(Activated<GeluTanhActivation>), y);
        Assert.All(Enumerable.Range(0, y.Length), i => Assert.Equal(i / Columns == 3, float.IsNaN(y[i])));
        layer.Forward(x, rows, default(Activated<ReluActivation>), y);
        Assert.All(Enumerable.Range(0, y.Length), i => Assert.Equal(i / Columns == 3, float.IsNaN(y[i])));
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        StoredTensor weight = StoredTensor.FromValues<float>("w", [2, 3], [1, 2, 3, 4, 5, 6]);
        float[] y = new float[4];
        MatrixProduct.Multiply([1, 0, 0, 0, 1, 1], 2, weight, [10, 20], y);
        Assert.Equal([11, 24, 15, 31], y);
        Assert.Throws<ArgumentException>(() => MatrixProduct.Multiply(new float[5], 2, weight, [], y));
        Assert.Throws<ArgumentException>(() => MatrixProduct.Multiply(new float[6], 2, weight, new float[1], y));
        Assert.Throws<ArgumentException>(() => MatrixProduct.Multiply(new float[6], 2, weight, [], new float[3]));
        Linear layer = new(weight);
        Assert.Throws<ArgumentException>(() => layer.Forward(new float[6], 2, new Added<NoActivation>(new float[3]), y));
        Assert.Throws<ArgumentException>(() => layer.Forward(new float[6], 2, new GatedResidual(new float[1], y), y));
        Assert.Throws<ArgumentException>(
            () => layer.Forward(new float[6], 2, default(Activated<NoActivation>), y, strides: new RowStrides(0, 1)));
        StoredTensor one = StoredTensor.FromValues<float>("b", [1], [1]);
        Assert.Contains(
            "wanted 2 numbers", Assert.Throws<ArgumentException>(() => new Linear(weight, one)).Message, StringComparison.Ordinal);
    }

    /// <summary>Callers of one thread each work side by side, whatever else runs.</summary>
    [Fact]
    public void Products_may_run_side_by_side()
    {
        const int Rows = 40, Inner = 300, Columns = 70;
        (float[] x, float[] w, float[] b) = Random(Rows, Inner, Columns);
        StoredTensor weight = StoredTensor.FromValues<float>("w", [Columns, Inner], w);
        float[] expected = new float[Rows * Columns];
        MatrixProduct.Multiply(x, Rows, weight, b, expected, threads: 1);
        Parallel.For(0, 16, i =>
        {
            float[] y = new float[Rows * Columns];
            MatrixProduct.Multiply(x, Rows, weight, b, y, threads: 1 + (i % 3));
            NumericAssert.BitwiseEqual(expected, y);
        });
    }

    [Fact]
    public void Steady_products_allocate_nothing()
    {
        const int Rows = 300, Inner = 64, Columns = 48;
        (float[] x, float[] w, float[] b) = Random(Rows, Inner, Columns);
        Linear layer = new(StoredTensor.FromValues<float>("w", [Columns, Inner], w), StoredTensor.FromValues<float>("b", [Columns], b));
        float[] y = new float[Rows * Columns];
        layer.Forward(x, Rows, default(Activated<SiluActivation>), y, threads: 1);
        layer.Forward(x, 5, default(Activated<SiluActivation>), y, threads: 1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        layer.Forward(x, Rows, default(Activated<SiluActivation>), y, threads: 1);
        layer.Forward(x, 5, default(Activated<SiluActivation>), y, threads: 1);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void Close(IEnumerable<double> expected, float[] actual)
    {
        int i = 0;
        foreach (double value in expected)
        {
            Assert.Equal(value, actual[i++], (4e-7 * Math.Abs(value)) + 4e-7);
        }
    }

    private static (float[] X, float[] W, float[] B) Random(int rows, int inner, int columns) =>
        (PlainProduct.Normal(rows, rows * inner), PlainProduct.Normal(inner + 1, columns * inner), PlainProduct.Normal(columns + 2, columns));
}
