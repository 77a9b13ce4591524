using Tessera.Layout;
using Tessera.Synthesis;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Synthesis;

public class StructuredHeadsTests
{
    private static readonly TokenGrid Grid = new(4, 6, 7, 5, TextPlacement.Front);

    [Fact]
    public void Equal_arguments_give_equal_data_and_other_seeds_other_data()
    {
        StructuredHeads first = StructuredHeads.Create(Grid, 3, 32, 7);
        StructuredHeads again = StructuredHeads.Create(Grid, 3, 32, 7);
        StructuredHeads other = StructuredHeads.Create(Grid, 3, 32, 8);
        NumericAssert.BitwiseEqual(first.Query, again.Query);
        NumericAssert.BitwiseEqual(first.Key, again.Key);
        NumericAssert.BitwiseEqual(first.Value, again.Value);
        Assert.False(first.Key.AsSpan().SequenceEqual(other.Key));
    }

    [Fact]
    public void A_head_does_not_depend_on_how_many_stand_beside_it()
    {
        StructuredHeads few = StructuredHeads.Create(Grid, 2, 32, 7);
        StructuredHeads many = StructuredHeads.Create(Grid, 5, 32, 7);
        NumericAssert.BitwiseEqual(few.Query, many.Query.AsSpan(0, few.Query.Length));
        NumericAssert.BitwiseEqual(few.Key, many.Key.AsSpan(0, few.Key.Length));
    }

    [Theory]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(64)]
    [InlineData(256)]
    public void Logits_follow_the_documented_kernel(int headDim)
    {
        StructuredHeadsOptions bare = new() { Content = 0, Noise = 0 };
        StructuredHeads heads = StructuredHeads.Create(Grid, 7, headDim, 3, bare);
        int query = Grid.IndexOf(2, 3, 4);
        for (int head = 0; head < 7; head++)
        {
            double self = Logit(heads, head, query, query);
            for (int token = Grid.VideoStart; token < Grid.Tokens; token++)
            {
                (int f, int h, int w) = Grid.CoordinatesOf(token);
                HeadPattern pattern = heads.Patterns[head];
                double wanted = pattern.LogWeight(GridAxis.Frame, f - 2) + pattern.LogWeight(GridAxis.Height, h - 3) + pattern.LogWeight(GridAxis.Width, w - 4);
                // Logits are sums of products of floats of magnitude up to 6 sqrt(D)^(1/2) * (bias 6): a few hundred roundoffs.
                Assert.Equal(wanted, Logit(heads, head, query, token) - self, 2e-4);
            }
        }
    }

    [Fact]
    public void Kernel_is_gaussian_with_its_reach_near_zero_and_deep_far_away()
    {
        TokenGrid grid = new(13, 30, 45);
        StructuredHeads heads = StructuredHeads.Create(grid, 5, 64, 1, new StructuredHeadsOptions { Kinds = [HeadKind.Isotropic] });
        foreach (HeadPattern pattern in heads.Patterns)
        {
            Assert.Equal(-0.5 / (pattern.WidthReach * pattern.WidthReach), pattern.LogWeight(GridAxis.Width, 1), 0.05);
            for (int far = 8; far < grid.Width; far++)
            {
                Assert.True(pattern.LogWeight(GridAxis.Width, far) < -3, $"{pattern} at {far}: {pattern.LogWeight(GridAxis.Width, far)}");
            }
        }
    }

    [Fact]
    public void Text_gets_its_share_and_key_bias_changes_no_row()
    {
        StructuredHeadsOptions plain = new() { Content = 0, Noise = 0, KeyBias = 0, KeyBiasOutlier = 0, TextShare = 0.1 };
        StructuredHeads unbiased = StructuredHeads.Create(Grid, 7, 64, 5, plain);
        StructuredHeads biased = StructuredHeads.Create(Grid, 7, 64, 5, plain with { KeyBias = 0.5, KeyBiasOutlier = 6 });
        int query = Grid.IndexOf(2, 3, 3);
        for (int head = 0; head < 7; head++)
        {
            double[] without = Row(unbiased, head, query);
            double[] with = Row(biased, head, query);
            Assert.Equal(0.1, without.Take(5).Sum(), 1e-3);
            for (int key = 0; key < without.Length; key++)
            {
                Assert.Equal(without[key], with[key], 1e-4);
            }
        }
    }

    [Fact]
    public void Sizes_out_of_range_are_refused_by_name()
    {
        Assert.Equal("headDim", Assert.Throws<ArgumentOutOfRangeException>(() => StructuredHeads.Create(Grid, 1, 15, 0)).ParamName);
        Assert.Equal("heads", Assert.Throws<ArgumentOutOfRangeException>(() => StructuredHeads.Create(Grid, 0, 16, 0)).ParamName);
    }

    private static double Logit(StructuredHeads heads, int head, int query, int key)
    {
        int dim = heads.Shape.HeadDim;
        double sum = 0;
        for (int c = 0; c < dim; c++)
        {
            sum += (double)heads.Query[(((head * heads.Grid.Tokens) + query) * dim) + c] * heads.Key[(((head * heads.Grid.Tokens) + key) * dim) + c];
        }

        return sum / Math.Sqrt(dim);
    }

    private static double[] Row(StructuredHeads heads, int head, int query)
    {
        double[] row = new double[heads.Grid.Tokens];
        for (int key = 0; key < row.Length; key++)
        {
            row[key] = Logit(heads, head, query, key);
        }

        double largest = row.Max();
        double sum = row.Sum(x => Math.Exp(x - largest));
        return [.. row.Select(x => Math.Exp(x - largest) / sum)];
    }
}
