using Tessera.Neural.Layers;
using Tessera.Serialization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Neural.Tests.Layers;

/// <summary>The layers of image and video autoencoders against their formulas.</summary>
public sealed class AutoencoderLayerTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(16)]
    [InlineData(40)]
    [InlineData(96)]
    [InlineData(131)]
    [InlineData(384)]
    public void Channel_norm_is_its_formula_with_and_without_silu(int width)
    {
        const int Rows = 9;
        float[] x = Normal(Rows * width, 1);
        float[] gamma = Normal(width, 2);
        double[] exact = new double[x.Length];
        double[] exactSilu = new double[x.Length];
        float[] plain = new float[x.Length];
        float[] plainSilu = new float[x.Length];
        for (int row = 0; row < Rows; row++)
        {
            double length = 0;
            float single = 0;
            for (int i = row * width; i < (row + 1) * width; i++)
            {
                length += (double)x[i] * x[i];
                single += x[i] * x[i];
            }

            for (int i = 0; i < width; i++)
            {
                int at = (row * width) + i;
                exact[at] = x[at] / Math.Sqrt(length) * Math.Sqrt(width) * gamma[i];
                exactSilu[at] = exact[at] / (1 + Math.Exp(-exact[at]));
                plain[at] = x[at] / MathF.Sqrt(single) * MathF.Sqrt(width) * gamma[i];
                plainSilu[at] = plain[at] / (1 + MathF.Exp(-plain[at]));
            }
        }

        ChannelRmsNorm norm = new(StoredTensor.FromValues<float>("gamma", [width, 1, 1, 1], gamma));
        float[] y = new float[x.Length];
        norm.Forward(x, y);
        NumericAssert.WithinBudget(exact, plain, y);
        norm.ForwardSilu(x, y);
        NumericAssert.WithinBudget(exactSilu, plainSilu, y);
        norm.ForwardSilu(x, x);
        NumericAssert.BitwiseEqual(y, x);
        Assert.Throws<ArgumentException>(() => norm.Forward(x, y.AsSpan(1)));
        if (width > 1)
        {
            Assert.Throws<ArgumentException>(() => norm.Forward(x.AsSpan(1), y.AsSpan(1)));
        }
    }

    [Fact]
    public void Channel_norm_of_zeros_is_zero_and_silu_survives_any_size()
    {
        ChannelRmsNorm norm = new(StoredTensor.FromValues<float>("gamma", [4], [1e4f, -1e4f, 1, 1]));
        float[] x = [0, 0, 0, 0, 1, 1, 0, 0, 3e-20f, 0, 0, 0];
        float[] y = new float[x.Length];
        norm.ForwardSilu(x, y);
        Assert.Equal([0, 0, 0, 0], y[..4]);

        // 1 / sqrt(2) times sqrt(4) times 1e4 has a sigmoid of 1, its negative one of 0.
        Assert.Equal(14142.13f, y[4], 0.1f);
        Assert.Equal(0, y[5], 1e-30f);

        // A length below 1e-12 counts as 1e-12: 3e-20 / 1e-12 * 2 * 1e4 = 6e-4.
        Assert.Equal(3.0e-4f, y[8], 1e-6f);
        Assert.True(float.IsNaN(Apply(norm, [1, float.NaN, 0, 0])[0]));
    }

    [Fact]
    public void Rows_and_images_do_not_depend_on_threads()
    {
        const int Width = 40;
        float[] x = Normal(5000 * Width, 5);
        ChannelRmsNorm norm = new(StoredTensor.FromValues<float>("gamma", [Width], Normal(Width, 6)));
        float[] one = new float[x.Length];
        float[] three = new float[x.Length];
        norm.ForwardSilu(x, one, threads: 1);
        norm.ForwardSilu(x, three, threads: 3);
        NumericAssert.BitwiseEqual(one, three);
        Assert.Throws<OperationCanceledException>(
            () => norm.Forward(x, one, threads: 1, cancellationToken: new CancellationToken(canceled: true)));
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 5, 7)]
    [InlineData(16, 2, 33)]
    public void Upsampling_repeats_each_position_twice_along_both_sides(int height, int width, int channels)
    {
        float[] x = Normal(height * width * channels, 7);
        float[] y = new float[4 * x.Length];
        NearestUpsampling.Forward(x, height, width, y, threads: 2);
        for (int i = 0; i < y.Length; i++)
        {
            (int position, int channel) = Math.DivRem(i, channels);
            (int row, int column) = Math.DivRem(position, 2 * width);
            Assert.Equal(x[(((row / 2 * width) + (column / 2)) * channels) + channel], y[i]);
        }

        Assert.Throws<ArgumentException>(() => NearestUpsampling.Forward(x, height, width, y.AsSpan(1)));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 3)]
    [InlineData(37, 40)]
    [InlineData(66, 300)]
    [InlineData(130, 384)]
    public void Wide_attention_is_softmax_of_scores_times_values(int rows, int width)
    {
        float[] input = Normal(rows * 3 * width, 8);
        double[] exact = new double[rows * width];
        float[] plain = new float[rows * width];
        double[] scores = new double[rows];
        float[] narrow = new float[rows];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < rows; j++)
            {
                double sum = 0;
                float single = 0;
                for (int c = 0; c < width; c++)
                {
                    sum += (double)input[(i * 3 * width) + c] * input[(j * 3 * width) + width + c];
                    single += input[(i * 3 * width) + c] * input[(j * 3 * width) + width + c];
                }

                scores[j] = sum / Math.Sqrt(width);
                narrow[j] = single / MathF.Sqrt(width);
            }

            double largest = scores.Max();
            double total = scores.Sum(score => Math.Exp(score - largest));
            float narrowLargest = narrow.Max();
            float narrowTotal = 0;
            Array.ForEach(narrow, score => narrowTotal += MathF.Exp(score - narrowLargest));
            for (int c = 0; c < width; c++)
            {
                float single = 0;
                for (int j = 0; j < rows; j++)
                {
                    exact[(i * width) + c] += Math.Exp(scores[j] - largest) / total * input[(j * 3 * width) + (2 * width) + c];
                    single += MathF.Exp(narrow[j] - narrowLargest) / narrowTotal * input[(j * 3 * width) + (2 * width) + c];
                }

                plain[(i * width) + c] = single;
            }
        }

        float[] y = new float[rows * width];
        WideAttention.Forward(input, rows, new float[WideAttention.ScratchLength(rows, 1)], y, threads: 1);
        NumericAssert.WithinBudget(exact, plain, y, band: 16 * NumericAssert.FloatRoundoff);
        float[] three = new float[rows * width];
        WideAttention.Forward(input, rows, new float[WideAttention.ScratchLength(rows, 3)], three, threads: 3);
        NumericAssert.BitwiseEqual(y, three);
        Assert.Throws<ArgumentException>(() => WideAttention.Forward(input, rows, new float[1], y, threads: 1));
    }

    [Fact]
    public void A_pool_hands_returned_blocks_out_again_and_refuses_strangers()
    {
        using ActivationPool pool = new();
        ActivationBlock first = pool.Rent(100);
        ActivationBlock second = pool.Rent(100);
        first.Span.Fill(1);
        second.Span.Fill(2);
        long bytes = pool.Bytes;
        Assert.Equal(2 * 112 * sizeof(float), bytes);
        pool.Return(first);
        Assert.Equal(1, pool.Rented);
        Assert.Equal(1, pool.Rent(100).Span[99]);
        Assert.Equal(bytes, pool.Bytes);
        Assert.Equal(100, second.Span.Length);
        using ActivationPool other = new();
        Assert.Throws<ArgumentException>(() => pool.Return(other.Rent(100)));
        Assert.Throws<ArgumentException>(() => pool.Return(default));
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent(0));
    }

    private static float[] Apply(ChannelRmsNorm norm, float[] x)
    {
        float[] y = new float[x.Length];
        norm.ForwardSilu(x, y);
        return y;
    }

    private static float[] Normal(int count, int seed)
    {
        float[] values = new float[count];
        SeededInputs.FillNormal(new Random(seed), values);
        return values;
    }
}
