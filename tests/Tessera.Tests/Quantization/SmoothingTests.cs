using Tessera.Layout;
using Tessera.Quantization;
using Xunit;

namespace Tessera.Tests.Quantization;

public sealed class SmoothingTests
{
    private const int Channels = 6;

    [Fact]
    public void Means_run_over_valid_tokens_only_and_padding_rows_are_left_alone()
    {
        TokenOrder order = new([2, 0, -1, -1, 1, -1, -1, -1], "gap", 4);
        float[] rows = RandomRows(8, 1);
        rows.AsSpan(2 * Channels, 2 * Channels).Fill(float.NaN);
        rows.AsSpan(5 * Channels, 3 * Channels).Fill(1e30f);
        float[] original = (float[])rows.Clone();
        float[] mean = new float[Channels];
        KeySmoothing.Mean(rows, Channels, order, mean);
        KeySmoothing.Subtract(rows, Channels, order, mean);
        for (int channel = 0; channel < Channels; channel++)
        {
            double expected = ((double)original[channel] + original[Channels + channel] + original[(4 * Channels) + channel]) / 3;
            Assert.Equal((float)expected, mean[channel]);
            Assert.Equal(original[channel] - mean[channel], rows[channel]);
        }

        Assert.True(float.IsNaN(rows[2 * Channels]));
        Assert.Equal(1e30f, rows[7 * Channels]);
        float[] values = (float[])original.Clone();
        float[] valueMean = new float[Channels];
        ValueSmoothing.Mean(values, Channels, order, valueMean);
        Assert.Equal(mean, valueMean);
        ValueSmoothing.Subtract(values, Channels, order, valueMean);
        Assert.Equal(rows[Channels], values[Channels]);
    }

    [Fact]
    public void A_long_sum_keeps_its_small_terms()
    {
        float[] rows = new float[100_001];
        Array.Fill(rows, 1f);
        rows[0] = 1e8f;
        float[] mean = new float[1];
        KeySmoothing.Mean(rows, 1, null, mean);
        Assert.Equal((float)((1e8 + 100_000) / 100_001), mean[0]);
    }

    [Fact]
    public void Smoothed_keys_leave_the_softmax_alone_and_the_correction_restores_the_log_sum_exp()
    {
        float[] query = RandomRows(1, 2);
        float[] keys = RandomRows(30, 3);
        for (int i = 0; i < keys.Length; i++)
        {
            keys[i] += 4;
        }

        const double Scale = 0.4;
        double[] before = Scores(query, keys, Scale);
        float[] mean = new float[Channels];
        KeySmoothing.Mean(keys, Channels, null, mean);
        KeySmoothing.Subtract(keys, Channels, null, mean);
        double[] after = Scores(query, keys, Scale);
        double correction = KeySmoothing.LogSumExpCorrection(query, mean, Scale);
        // Each of the 6 differences is rounded once to binary32 at magnitudes up to 4.
        Assert.Equal(LogSumExp(before), LogSumExp(after) + correction, 1e-6);
        for (int key = 0; key < before.Length; key++)
        {
            Assert.Equal(Math.Exp(before[key] - LogSumExp(before)), Math.Exp(after[key] - LogSumExp(after)), 1e-6);
        }
    }

    [Theory]
    [InlineData(64)]
    [InlineData(16)]
    [InlineData(7)]
    public void Query_smoothing_plus_its_rank_one_term_gives_the_scores_back(int block)
    {
        float[] queries = RandomRows(50, 4);
        float[] key = RandomRows(1, 5);
        float[] original = (float[])queries.Clone();
        int blocks = (50 + block - 1) / block;
        float[] means = new float[blocks * Channels];
        QuerySmoothing.Means(queries, Channels, block, null, means);
        QuerySmoothing.Subtract(queries, Channels, block, null, means);
        for (int slot = 0; slot < 50; slot++)
        {
            double whole = Dot(original.AsSpan(slot * Channels, Channels), key);
            double parts = Dot(queries.AsSpan(slot * Channels, Channels), key) + Dot(means.AsSpan(slot / block * Channels, Channels), key);
            Assert.Equal(whole, parts, 1e-6);
        }

        float[] left = new float[means.Length];
        QuerySmoothing.Means(queries, Channels, block, null, left);
        Assert.All(left, mean => Assert.InRange(mean, -1e-6f, 1e-6f));
    }

    [Fact]
    public void A_block_of_padding_has_mean_zero()
    {
        TokenOrder order = new([0, 1, -1, -1], "tail", 2);
        float[] means = new float[2 * Channels];
        QuerySmoothing.Means(RandomRows(4, 6), Channels, 2, order, means);
        Assert.All(means.AsSpan(Channels).ToArray(), mean => Assert.Equal(0f, mean));
    }

    [Fact]
    public void Adding_the_value_mean_back_restores_a_weighted_mean()
    {
        float[] values = RandomRows(9, 8);
        float[] mean = new float[Channels];
        float[] centred = (float[])values.Clone();
        ValueSmoothing.Mean(values, Channels, null, mean);
        ValueSmoothing.Subtract(centred, Channels, null, mean);
        float[] output = new float[Channels];
        double[] expected = new double[Channels];
        for (int slot = 0; slot < 9; slot++)
        {
            float weight = (slot + 1) / 45f;
            for (int channel = 0; channel < Channels; channel++)
            {
                output[channel] += weight * centred[(slot * Channels) + channel];
                expected[channel] += (double)weight * values[(slot * Channels) + channel];
            }
        }

        ValueSmoothing.AddBack(output, mean);
        for (int channel = 0; channel < Channels; channel++)
        {
            Assert.Equal(expected[channel], output[channel], 1e-6);
        }
    }

    [Fact]
    public void Misfits_are_refused()
    {
        Assert.Throws<ArgumentException>(() => KeySmoothing.Mean(new float[13], Channels, null, new float[Channels]));
        Assert.Throws<ArgumentException>(() => KeySmoothing.Mean(new float[12], Channels, null, new float[5]));
        Assert.Throws<ArgumentException>(() => KeySmoothing.Mean(new float[12], Channels, TokenOrder.Identity(3), new float[Channels]));
        Assert.Throws<ArgumentException>(() => QuerySmoothing.Means(new float[12], Channels, 1, null, new float[Channels]));
        Assert.Throws<ArgumentOutOfRangeException>(() => QuerySmoothing.Means(new float[12], Channels, 0, null, new float[Channels]));
    }

    private static float[] RandomRows(int rows, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, rows * Channels).Select(_ => (float)(random.NextDouble() - 0.5))];
    }

    private static double Dot(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        double sum = 0;
        for (int i = 0; i < left.Length; i++)
        {
            sum += (double)left[i] * right[i];
        }

        return sum;
    }

    private static double[] Scores(float[] query, float[] keys, double scale) =>
        [.. Enumerable.Range(0, keys.Length / Channels).Select(key => scale * Dot(query, keys.AsSpan(key * Channels, Channels)))];

    private static double LogSumExp(double[] scores) => scores.Max() + Math.Log(scores.Sum(score => Math.Exp(score - scores.Max())));
}
