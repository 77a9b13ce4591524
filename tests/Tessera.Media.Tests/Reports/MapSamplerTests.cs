using Tessera.Layout;
using Tessera.Masks;
using Tessera.Media.Reports;
using Xunit;

namespace Tessera.Media.Tests.Reports;

public sealed class MapSamplerTests
{
    [Fact]
    public void A_sample_is_the_softmax_map_pooled_in_its_order()
    {
        const int Tokens = 24;
        const int Dim = 5;
        (float[] query, float[] key) = Inputs(Tokens, Dim);
        TokenOrder order = TokenOrder.ForAxisOrder(new TokenGrid(2, 3, 4), AxisOrder.Parse("WHF"));

        SampledMap map = MapSampler.Sample(query, key, Dim, order, rows: Tokens, columns: 8, scale: 0.7);

        Assert.Equal((Tokens, 8, "WHF"), (map.Rows, map.Columns, map.Order));
        for (int row = 0; row < Tokens; row++)
        {
            double[] p = Softmax(query, key, Dim, order.TokenAt(row), 0.7);
            for (int bin = 0; bin < 8; bin++)
            {
                double mass = Enumerable.Range(3 * bin, 3).Sum(slot => p[order.TokenAt(slot)]);
                Assert.Equal(mass, map.Mass[(row * 8) + bin], 5);
            }
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 5)]
    [InlineData(300, 300)]
    public void Rows_sum_to_one_and_stay_within_the_limit(int rows, int columns)
    {
        (float[] query, float[] key) = Inputs(290, 3);

        SampledMap map = MapSampler.Sample(query, key, 3, rows: rows, columns: columns);

        Assert.Equal((Math.Min(rows, 256), Math.Min(columns, 256)), (map.Rows, map.Columns));
        for (int row = 0; row < map.Rows; row++)
        {
            Assert.Equal(1, map.Mass.AsSpan(row * map.Columns, map.Columns).ToArray().Sum(), 4);
        }

        Assert.Equal(map.QuerySlots.Distinct().Order(), map.QuerySlots);
    }

    [Fact]
    public void Padding_slots_are_never_rows_and_hold_no_mass()
    {
        (float[] query, float[] key) = Inputs(5, 2);
        TokenOrder order = TokenOrder.Identity(5).PaddedTo(8);

        SampledMap map = MapSampler.Sample(query, key, 2, order, rows: 8, columns: 8);

        Assert.Equal([0, 1, 2, 3, 4], map.QuerySlots);
        Assert.All(Enumerable.Range(0, 5), row => Assert.Equal([0f, 0f, 0f], map.Mass[((row * 8) + 5)..((row * 8) + 8)]));
    }

    [Fact]
    public void The_mask_is_sampled_where_the_map_is()
    {
        (float[] query, float[] key) = Inputs(64, 2);
        BlockMaskBuilder builder = new(2, 64, 64, new BlockSize(16, 16));
        builder.Keep(1, 0, 0);
        builder.Keep(1, 3, 2);
        SampledMap map = MapSampler.Sample(query, key, 2, rows: 4, columns: 8);

        float[] kept = MapSampler.SampleMask(map, builder.Build(), head: 1);

        Assert.Equal([1, 1, 0, 0, 0, 0, 0, 0, .. new float[16], 0, 0, 0, 0, 1, 1, 0, 0], kept);
    }

    [Fact]
    public void A_bin_across_blocks_counts_its_kept_share()
    {
        (float[] query, float[] key) = Inputs(12, 2);
        BlockMaskBuilder builder = new(1, 12, 12, new BlockSize(12, 4));
        builder.Keep(0, 0, 0);
        SampledMap map = MapSampler.Sample(query, key, 2, rows: 1, columns: 2);

        Assert.Equal([4f / 6, 0], MapSampler.SampleMask(map, builder.Build(), 0));
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(static () => MapSampler.Sample(new float[7], new float[7], 2));
        Assert.Throws<ArgumentException>(static () => MapSampler.Sample(new float[8], new float[8], 2, TokenOrder.Identity(5)));
    }

    private static (float[] Query, float[] Key) Inputs(int tokens, int dim)
    {
        Random random = new(11);
        return ([.. Enumerable.Range(0, tokens * dim).Select(_ => (random.NextSingle() * 4) - 2)], [.. Enumerable.Range(0, tokens * dim).Select(_ => (random.NextSingle() * 4) - 2)]);
    }

    private static double[] Softmax(float[] query, float[] key, int dim, int row, double scale)
    {
        double[] weights = [.. Enumerable.Range(0, key.Length / dim).Select(j => Math.Exp(scale * Enumerable.Range(0, dim).Sum(d => (double)query[(row * dim) + d] * key[(j * dim) + d])))];
        double sum = weights.Sum();
        return [.. weights.Select(weight => weight / sum)];
    }
}
