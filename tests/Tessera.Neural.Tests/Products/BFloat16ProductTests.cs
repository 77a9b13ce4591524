using Tessera.Backends.Cpu.Emitted;
using Tessera.Neural.Layers;
using Tessera.Neural.Products;
using Tessera.Numerics;
using Tessera.Serialization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Neural.Tests.Products;

/// <summary>
/// Products of operands rounded to bfloat16, in emitted code where this processor has it and by binary32 tiles everywhere, against sums of
/// the rounded operands in binary64.
/// </summary>
public sealed class BFloat16ProductTests
{
    /// <summary>Remainders of rows, pairs and columns; one and several blocks of the inner dimension; few rows and many.</summary>
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 2, 5)]
    [InlineData(8, 33, 48)]
    [InlineData(9, 64, 49)]
    [InlineData(20, 95, 100)]
    [InlineData(257, 31, 17)]
    [InlineData(37, 1537, 65)]
    [InlineData(61, 3500, 33)]
    [InlineData(1600, 20, 113)]
    [InlineData(0, 4, 4)]
    [InlineData(3, 4, 0)]
    [InlineData(3, 0, 4)]
    public void Products_are_within_the_rounding_of_their_sums(int rows, int inner, int columns)
    {
        (float[] x, float[] w, float[] b) = (PlainProduct.Normal(1, rows * inner), PlainProduct.Normal(2, columns * inner), PlainProduct.Normal(3, columns));
        (double[] exact, double[] magnitudes) = PlainProduct.Of(Rounded(x), Rounded(w), b, rows, inner, columns);
        StoredTensor stored = StoredTensor.FromValues<float>("w", [columns, inner], w);
        StoredTensor narrow = StoredTensor.FromValues<BFloat16>("w", [columns, inner], [.. w.Select(static value => (BFloat16)value)]);
        foreach (bool isEmitted in Ways())
        {
            float[] one = Multiply(x, rows, stored, b, 1, isEmitted);
            SumBound.Require(exact, magnitudes, inner, one);
            NumericAssert.BitwiseEqual(one, Multiply(x, rows, narrow, b, 1, isEmitted));
            foreach (int threads in new[] { 2, 5 })
            {
                NumericAssert.BitwiseEqual(one, Multiply(x, rows, narrow, b, threads, isEmitted));
            }
        }
    }

    /// <summary>Rounding is not skipped: operands between two bfloat16 give the products of what they round to, which are exact.</summary>
    [Fact]
    public void Operands_are_rounded_to_nearest_even()
    {
        // 1 + 2^-8 lies between 1 and 1 + 2^-7 and goes to the even 1; 1 + 3 * 2^-8 goes to 1 + 2^-6.
        float[] x = [1 + (1f / 256), 1 + (3f / 256), 3, -(1 + (3f / 256))];
        float[] w = [1 + (3f / 256), 1 + (1f / 256)];
        foreach (bool isEmitted in Ways())
        {
            float[] y = Multiply(x, 4, StoredTensor.FromValues<float>("w", [2, 1], w), [], 1, isEmitted);
            const float Up = 1 + (1f / 64);
            Assert.Equal([Up, 1, Up * Up, Up, 3 * Up, 3, -Up * Up, -Up], y);
        }
    }

    [Fact]
    public void Denormals_count_as_themselves_or_as_zero()
    {
        float[] x = [1e-39f, 1, 1e-20f, 1];
        float[] w = [1, 1e-39f, 1e-20f, 2];
        foreach (bool isEmitted in Ways())
        {
            float y = Multiply(x, 1, StoredTensor.FromValues<float>("w", [1, 4], w), [], 1, isEmitted)[0];
            Assert.Equal(2, y);
            float small = Multiply(x, 1, StoredTensor.FromValues<float>("w", [1, 4], [1, 1e-39f, 1e-20f, 0]), [], 1, isEmitted)[0];
            Assert.InRange(small, 0, 2.2e-39f);
        }
    }

    /// <summary>Rows that are slices of wider ones, every span against a page that may not be touched.</summary>
    [Theory]
    [InlineData(1, 3, 5)]
    [InlineData(11, 37, 19)]
    [InlineData(50, 100, 33)]
    [InlineData(26, 1601, 17)]
    public void Slices_of_rows_are_written_and_nothing_else_is_touched(int rows, int inner, int columns)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const int Wider = 7;
        (float[] x, float[] w, float[] b) = (PlainProduct.Normal(1, rows * inner), PlainProduct.Normal(2, columns * inner), PlainProduct.Normal(3, columns));
        StoredTensor weight = StoredTensor.FromValues<float>("w", [columns, inner], w);
        foreach (bool isEmitted in Ways())
        {
            float[] expected = Multiply(x, rows, weight, b, 1, isEmitted);
            foreach (bool after in new[] { true, false })
            {
                using GuardedMemory<float> input = new(((rows - 1) * (inner + Wider)) + inner, after);
                using GuardedMemory<float> output = new(((rows - 1) * (columns + Wider)) + columns, after);
                output.Span.Fill(-7);
                for (int row = 0; row < rows; row++)
                {
                    x.AsSpan(row * inner, inner).CopyTo(input.Span[(row * (inner + Wider))..]);
                }

                MatrixProduct.Multiply(
                    input.Span, rows, weight, b, default(Activated<NoActivation>), output.Span, 3,
                    new RowStrides(inner + Wider, columns + Wider), ProductPrecision.BFloat16, isEmitted);
                for (int i = 0; i < output.Length; i++)
                {
                    int column = i % (columns + Wider);
                    Assert.Equal(column < columns ? expected[(i / (columns + Wider) * columns) + column] : -7, output.Span[i]);
                }
            }
        }
    }

    /// <summary>Bfloat16 weights that end where a mapped file of whole pages ends.</summary>
    [Fact]
    public void Weights_are_not_read_beyond_their_end()
    {
        const int Rows = 19, Inner = 1024, Columns = 64;
        (float[] x, float[] w) = (PlainProduct.Normal(1, Rows * Inner), PlainProduct.Normal(2, Columns * Inner));
        BFloat16[] narrow = [.. w.Select(static value => (BFloat16)value)];
        string path = Path.Combine(Path.GetTempPath(), $"tessera-{Guid.NewGuid():N}.safetensors");
        try
        {
            SafetensorsWriter writer = new();
            writer.Add<BFloat16>("w", [Columns, Inner], narrow);
            using (FileStream stream = File.Create(path))
            {
                writer.Write(stream);
            }

            using SafetensorsFile file = SafetensorsFile.Open(path);
            foreach (bool isEmitted in Ways())
            {
                NumericAssert.BitwiseEqual(
                    Multiply(x, Rows, StoredTensor.FromValues<BFloat16>("w", [Columns, Inner], narrow), [], 1, isEmitted),
                    Multiply(x, Rows, file.Tensor("w"), [], 2, isEmitted));
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Also a NaN whose set bits rounding would cut off.</summary>
    [Theory]
    [InlineData(0x7FC00000)]
    [InlineData(0x7F800001)]
    [InlineData(0x7FFFFFFF)]
    public void A_number_that_is_none_reaches_its_row_and_no_other(int bits)
    {
        const int Rows = 20, Columns = 50;
        foreach (int inner in new[] { 40, 33 })
        {
            (float[] x, float[] w) = (PlainProduct.Normal(1, Rows * inner), PlainProduct.Normal(2, Columns * inner));
            StoredTensor weight = StoredTensor.FromValues<float>("w", [Columns, inner], w);
            foreach (int place in new[] { 0, inner - 1 })
            {
                float[] broken = [.. x];
                broken[(3 * inner) + place] = BitConverter.Int32BitsToSingle(bits);
                foreach (bool isEmitted in Ways())
                {
                    float[] y = Multiply(broken, Rows, weight, [], 1, isEmitted);
                    Assert.All(Enumerable.Range(0, y.Length), i => Assert.Equal(i / Columns == 3, float.IsNaN(y[i])));
                }
            }
        }
    }

    [Fact]
    public void A_layer_multiplies_in_its_precision_and_finishes_its_sums()
    {
        const int Rows = 21, Inner = 70, Columns = 53;
        (float[] x, float[] w, float[] b) = (PlainProduct.Normal(1, Rows * Inner), PlainProduct.Normal(2, Columns * Inner), PlainProduct.Normal(3, Columns));
        StoredTensor weight = StoredTensor.FromValues<float>("w", [Columns, Inner], w);
        Linear layer = new(weight, StoredTensor.FromValues<float>("b", [Columns], b)) { Precision = ProductPrecision.BFloat16 };
        float[] sums = new float[Rows * Columns];
        layer.Forward(x, Rows, sums);
        NumericAssert.BitwiseEqual(Multiply(x, Rows, weight, b, 1, EmittedBFloat16.IsSupported), sums);
        float[] y = new float[sums.Length];
        layer.Forward(x, Rows, default(Activated<ReluActivation>), y);
        Assert.Equal(sums.Select(static sum => MathF.Max(sum, 0)), y);
        float[] gate = PlainProduct.Normal(4, Columns);
        float[] residual = PlainProduct.Normal(5, sums.Length);
        float[] inPlace = [.. residual];
        layer.Forward(x, Rows, new GatedResidual(gate, inPlace), inPlace, threads: 2);
        for (int i = 0; i < y.Length; i++)
        {
            // The product and the sum round once each; where they are fused, the sum alone does.
            double gated = (double)gate[i % Columns] * sums[i];
            double expected = residual[i] + gated;
            Assert.InRange(Math.Abs(expected - inPlace[i]), 0, 1.001 * Math.ScaleB(1, -24) * (Math.Abs(gated) + Math.Abs(expected)));
        }
    }

    [Fact]
    public void Steady_products_allocate_nothing()
    {
        const int Rows = 30, Inner = 63, Columns = 48;
        Linear layer = new(StoredTensor.FromValues<float>("w", [Columns, Inner], PlainProduct.Normal(1, Columns * Inner)))
        {
            Precision = ProductPrecision.BFloat16,
        };
        float[] x = PlainProduct.Normal(2, Rows * Inner);
        float[] y = new float[Rows * Columns];
        layer.Forward(x, Rows, y, threads: 1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        layer.Forward(x, Rows, y, threads: 1);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void An_unknown_precision_is_refused() =>
        Assert.Contains("wanted Float32 or BFloat16", Assert.Throws<ArgumentException>(() => MatrixProduct.Multiply(
            [1], 1, StoredTensor.FromValues<float>("w", [1, 1], [1]), [], default(Activated<NoActivation>), new float[1],
            precision: (ProductPrecision)7)).Message, StringComparison.Ordinal);

    private static IEnumerable<bool> Ways() => EmittedBFloat16.IsSupported ? [false, true] : [false];

    private static float[] Multiply(float[] x, int rows, StoredTensor weight, float[] bias, int threads, bool isEmitted)
    {
        float[] y = new float[rows * weight.Rows];
        MatrixProduct.Multiply(
            x, rows, weight, bias, default(Activated<NoActivation>), y, threads, default, ProductPrecision.BFloat16, isEmitted);
        return y;
    }

    private static float[] Rounded(float[] values) => [.. values.Select(static value => (float)(BFloat16)value)];
}
