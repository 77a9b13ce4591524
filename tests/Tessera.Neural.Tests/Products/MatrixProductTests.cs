using Tessera.Neural.Layers;
using Tessera.Neural.Products;
using Tessera.Numerics;
using Tessera.Serialization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Neural.Tests.Products;

public sealed class MatrixProductTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 5, 2)]
    [InlineData(4, 8, 2)]
    [InlineData(5, 17, 3)]
    [InlineData(8, 64, 64)]
    [InlineData(13, 100, 77)]
    [InlineData(4, 70_000, 3)]
    [InlineData(70, 300, 301)]
    [InlineData(0, 4, 4)]
    public void Products_are_within_the_budget_of_plain_float_sums(int rows, int inner, int columns)
    {
        (float[] x, float[] w, float[] b) = Random(rows, inner, columns);
        double[] exact = new double[rows * columns];
        float[] plain = new float[rows * columns];
        for (int i = 0; i < exact.Length; i++)
        {
            (int row, int column) = (i / columns, i % columns);
            double sum = b[column];
            float single = 0;
            for (int k = 0; k < inner; k++)
            {
                sum += (double)x[(row * inner) + k] * w[(column * inner) + k];
                single += x[(row * inner) + k] * w[(column * inner) + k];
            }

            exact[i] = sum;
            plain[i] = single + b[column];
        }

        float[] y = new float[exact.Length];
        MatrixProduct.Multiply(x, rows, StoredTensor.FromValues<float>("w", [columns, inner], w), b, y);
        NumericAssert.WithinBudget(exact, plain, y);
    }

    [Fact]
    public void Stored_types_are_widened_exactly_and_threads_do_not_change_bits()
    {
        const int Rows = 37, Inner = 513, Columns = 1001;
        (float[] x, float[] w, float[] b) = Random(Rows, Inner, Columns);
        BFloat16[] narrow = [.. w.Select(static value => (BFloat16)value)];
        Half[] half = [.. narrow.Select(static value => (Half)(float)value)];
        float[] widened = [.. narrow.Select(static value => (float)value)];
        float[] expected = new float[Rows * Columns];
        float[] actual = new float[Rows * Columns];
        MatrixProduct.Multiply(x, Rows, StoredTensor.FromValues<float>("w", [Columns, Inner], widened), b, expected, threads: 1);
        foreach (int threads in new[] { 1, 2, 5 })
        {
            MatrixProduct.Multiply(x, Rows, StoredTensor.FromValues<BFloat16>("w", [Columns, Inner], narrow), b, actual, threads);
            NumericAssert.BitwiseEqual(expected, actual);
        }

        widened = [.. half.Select(static value => (float)value)];
        MatrixProduct.Multiply(x, Rows, StoredTensor.FromValues<float>("w", [Columns, Inner], widened), [], expected);
        MatrixProduct.Multiply(x, Rows, StoredTensor.FromValues<Half>("w", [Columns, Inner], half), [], actual);
        NumericAssert.BitwiseEqual(expected, actual);
    }

    [Fact]
    public void Rows_do_not_depend_on_their_neighbours_beyond_rounding_and_lengths_are_checked()
    {
        StoredTensor weight = StoredTensor.FromValues<float>("w", [2, 3], [1, 2, 3, 4, 5, 6]);
        float[] y = new float[4];
        MatrixProduct.Multiply([1, 0, 0, 0, 1, 1], 2, weight, [10, 20], y);
        Assert.Equal([11, 24, 15, 31], y);
        Assert.Throws<ArgumentException>(() => MatrixProduct.Multiply(new float[5], 2, weight, [], y));
        Assert.Throws<ArgumentException>(() => MatrixProduct.Multiply(new float[6], 2, weight, new float[1], y));
        Assert.Throws<ArgumentException>(() => MatrixProduct.Multiply(new float[6], 2, weight, [], new float[3]));
        Assert.Contains("wanted 2 numbers", Assert.Throws<ArgumentException>(() => new Linear(weight, StoredTensor.FromValues<float>("b", [1], [1]))).Message, StringComparison.Ordinal);
        new Linear(weight, StoredTensor.FromValues<float>("b", [2], [1, 1])).Forward([1, 1, 1], 1, y.AsSpan(0, 2));
        Assert.Equal([7, 16], y[..2]);
    }

    private static (float[] X, float[] W, float[] B) Random(int rows, int inner, int columns)
    {
        Random random = new(rows + inner + columns);
        float[] x = new float[rows * inner];
        float[] w = new float[columns * inner];
        float[] b = new float[columns];
        SeededInputs.FillNormal(random, x);
        SeededInputs.FillNormal(random, w);
        SeededInputs.FillNormal(random, b);
        return (x, w, b);
    }
}
