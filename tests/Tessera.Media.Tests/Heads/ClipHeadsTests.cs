using System.Numerics.Tensors;
using Tessera.Layout;
using Tessera.Media.Frames;
using Tessera.Media.Heads;
using Tessera.TestKit;
using Xunit;
using Xunit.Abstractions;

namespace Tessera.Media.Tests.Heads;

public sealed class ClipHeadsTests(ITestOutputHelper output)
{
    private const double Any = double.PositiveInfinity;

    [Theory]
    [InlineData(1, 4, 4, 64)]
    [InlineData(2, 4, 4, 128)]
    [InlineData(1, 6, 6, 128)]
    [InlineData(3, 2, 2, 40)]
    public void Values_give_the_clip_back_exactly_when_they_hold_it(int frames, int height, int width, int headDim)
    {
        ClipPatch patch = new(frames, height, width);
        (int count, int rows, int columns) = patch.PixelsOf(new TokenGrid(3, 5, 7));
        VideoFrames clip = TestClips.Noise(count, rows, columns, rate: new FrameRate(12));

        ClipHeads heads = ClipHeads.Create(clip, new ClipHeadsOptions { Heads = 2, HeadDim = headDim, Patch = patch });

        Assert.True(heads.IsLossless);
        Assert.Equal(clip.Rate, heads.Reconstruct(heads.Value).Rate);
        Assert.True(clip.Pixels.SequenceEqual(heads.Reconstruct(heads.Value).Pixels));
        Assert.True(clip.Pixels.SequenceEqual(heads.Reconstruct(heads.Value, head: 1).Pixels));
    }

    [Fact]
    public void Larger_patches_keep_what_the_eye_sees()
    {
        VideoFrames clip = TestClips.Synthetic(3, 96, 128);

        ClipHeads heads = ClipHeads.Create(clip, new ClipHeadsOptions());

        Assert.False(heads.IsLossless);
        Assert.Equal(new TokenGrid(3, 12, 16), heads.Grid);
        Assert.InRange(heads.Reconstruct(heads.Value).PeakSignalToNoise(clip), 32, 100);
    }

    [Fact]
    public void A_mean_over_heads_is_the_mean_of_their_pictures()
    {
        VideoFrames clip = TestClips.Noise(1, 8, 8);
        ClipHeads heads = ClipHeads.Create(clip, new ClipHeadsOptions { Heads = 2, Patch = new ClipPatch(1, 4, 4) });
        float[] half = [.. heads.Value];
        Array.Clear(half, 0, half.Length / 2);

        VideoFrames mean = heads.Reconstruct(half);
        VideoFrames flat = heads.Reconstruct(half, head: 0);

        for (int i = 0; i < clip.Pixels.Length; i++)
        {
            Assert.InRange(mean.Pixels[i] - ((clip.Pixels[i] + flat.Pixels[i]) / 2.0), -1, 1);
        }
    }

    [Theory]
    [InlineData(8)]
    [InlineData(64)]
    [InlineData(128)]
    [InlineData(256)]
    public void A_random_pair_loses_as_many_nats_as_the_kind_says(int headDim)
    {
        // q_i.k_i - q_i.k_j, averaged over all ordered pairs, is the content strength by definition: mean |c_i - c_j|^2 = 2 var.
        ClipHeadKind kind = new("content", Any, Any, Any, 6);
        ClipHeads heads = ClipHeads.Create(TestClips.Synthetic(2, 32, 40), new ClipHeadsOptions { Heads = 1, HeadDim = headDim, Kinds = [kind], Temperature = 2 });
        int tokens = heads.Grid.Tokens;
        double sum = 0;
        for (int i = 0; i < tokens; i++)
        {
            for (int j = 0; j < tokens; j++)
            {
                double loss = Logit(heads, 0, i, i) - Logit(heads, 0, i, j);
                Assert.InRange(loss, -1e-3, double.MaxValue);
                sum += loss;
            }
        }

        Assert.Equal(6.0 / 2, sum / tokens / tokens, 3);
    }

    [Theory]
    [InlineData(GridAxis.Frame)]
    [InlineData(GridAxis.Height)]
    [InlineData(GridAxis.Width)]
    public void Distance_along_an_axis_costs_what_its_reach_says(GridAxis axis)
    {
        const double Reach = 3;
        ClipHeadKind kind = new("axis", axis == GridAxis.Frame ? Reach : Any, axis == GridAxis.Height ? Reach : Any, axis == GridAxis.Width ? Reach : Any, 0);
        ClipPatch patch = new(1, 2, 2);
        (int count, int rows, int columns) = patch.PixelsOf(new TokenGrid(24, 24, 24));
        ClipHeads heads = ClipHeads.Create(TestClips.Noise(count, rows, columns), new ClipHeadsOptions { Heads = 1, Patch = patch, Kinds = [kind] });

        // At 0 nothing is lost, at 1 close to 1 / (2 reach^2) nats, far away at least 4, and other axes are free.
        Assert.Equal(1 / (2 * Reach * Reach), Loss(0, 1), 2);
        Assert.Equal(Loss(0, 1), Loss(11, 12), 4);
        for (int distance = 1; distance < 24; distance++)
        {
            Assert.True(Loss(0, distance) > (distance < 2 * Reach ? Loss(0, distance - 1) : 1.5), $"distance {distance} loses {Loss(0, distance):0.00} nats");
        }

        Assert.InRange(Loss(0, 23), 4, 100);
        int other = axis == GridAxis.Frame ? heads.Grid.IndexOf(0, 17, 9) : axis == GridAxis.Height ? heads.Grid.IndexOf(19, 0, 5) : heads.Grid.IndexOf(20, 13, 0);
        Assert.Equal(0, Logit(heads, 0, 0, 0) - Logit(heads, 0, 0, other), 3);

        double Loss(int from, int to) => Logit(heads, 0, At(from), At(from)) - Logit(heads, 0, At(from), At(to));
        int At(int position) => axis == GridAxis.Frame ? heads.Grid.IndexOf(position, 3, 3) : axis == GridAxis.Height ? heads.Grid.IndexOf(3, position, 3) : heads.Grid.IndexOf(3, 3, position);
    }

    [Fact]
    public void Reordered_blocks_keep_the_mass_and_heads_prefer_different_orders() =>
        RequireStructure("synthetic", TestClips.Synthetic(8, 128, 160));

    [FfmpegFact("clips/dog_eating.mp4")]
    public async Task Filmed_clips_have_that_structure_too()
    {
        ClipReadOptions options = new() { FrameCount = 8, Height = 128, Width = 160, Rate = new FrameRate(8) };
        foreach (string name in new[] { "dog_eating.mp4", "motorcycle_pov.mp4" })
        {
            RequireStructure(name, await ClipFile.ReadAsync(Path.Combine(TestRoots.Data, "clips", name), options));
        }
    }

    [Fact]
    public void Equal_clips_give_equal_heads()
    {
        VideoFrames clip = TestClips.Synthetic(2, 32, 48);
        ClipHeadsOptions options = new() { Heads = 8, HeadDim = 64 };

        ClipHeads first = ClipHeads.Create(clip, options);
        ClipHeads second = ClipHeads.Create(clip.Slice(0, 2), options);

        Assert.Equal(first.Query, second.Query);
        Assert.Equal(first.Key, second.Key);
        Assert.Equal(first.Value, second.Value);
        Assert.Equal(["spatial", "temporal", "local", "rows", "columns", "content", "spatial", "temporal"], first.HeadKinds);
        Assert.NotEqual(first.Kinds[0], first.Kinds[6]);
    }

    [Fact]
    public void A_flat_clip_gives_finite_heads()
    {
        ClipHeads heads = ClipHeads.Create(new VideoFrames(1, 16, 16), new ClipHeadsOptions());

        Assert.All(heads.Query.Concat(heads.Key).Concat(heads.Value), static value => Assert.True(float.IsFinite(value)));
    }

    [Fact]
    public void Bad_requests_say_what_would_fit()
    {
        ArgumentException size = Assert.Throws<ArgumentException>(static () => ClipHeads.Create(new VideoFrames(3, 20, 33), new ClipHeadsOptions { Patch = new ClipPatch(2, 8, 8) }));
        Assert.Contains("2x16x32", size.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(static () => ClipHeads.Create(new VideoFrames(1, 8, 8), new ClipHeadsOptions { Heads = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(static () => ClipHeads.Create(new VideoFrames(1, 8, 8), new ClipHeadsOptions { HeadDim = 7 }));
        Assert.Throws<ArgumentOutOfRangeException>(static () => ClipHeads.Create(new VideoFrames(1, 8, 8), new ClipHeadsOptions { Temperature = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(static () => ClipHeads.Create(new VideoFrames(1, 8, 8), new ClipHeadsOptions { Kinds = [new("x", 0, 1, 1, 1)] }));
        Assert.Throws<FormatException>(static () => ClipPatch.Parse("8x8"));
        Assert.Equal(new ClipPatch(2, 8, 4), ClipPatch.Parse("2x8x4"));
    }

    /// <summary>At a quarter of the blocks, at least five of six heads keep 90 % of their mass in their best axis order, and three orders or more win.</summary>
    private void RequireStructure(string name, VideoFrames clip)
    {
        const double Density = 0.25;
        ClipHeads heads = ClipHeads.Create(clip, new ClipHeadsOptions());
        TokenOrder[] orders = [.. AxisOrder.All.Select(order => TokenOrder.ForAxisOrder(heads.Grid, order))];
        HashSet<int> preferred = [];
        int good = 0;
        output.WriteLine($"{name}, grid {heads.Grid}: mass kept at density {Density} by axis order {string.Join(" ", AxisOrder.All)}");
        for (int head = 0; head < heads.Shape.Heads; head++)
        {
            double[] kept = BlockMass.KeptByBestBlocks(heads, head, orders, block: 64, Density);
            int best = Array.IndexOf(kept, kept.Max());
            preferred.Add(best);
            good += kept[best] > 0.9 ? 1 : 0;
            output.WriteLine($"{heads.HeadKinds[head],-9} {string.Join(" ", kept.Select(static share => $"{share:0.000}"))} best {AxisOrder.All[best]}");
            Assert.True(kept[best] > 0.75, $"{name}: head {head} ({heads.HeadKinds[head]}) keeps {kept[best]:0.000} at best");
        }

        Assert.True(good >= 5, $"{name}: {good} of 6 heads keep more than 90 % at density {Density}");
        Assert.True(preferred.Count >= 3, $"{name}: heads prefer only {preferred.Count} orders");
    }

    private static double Logit(ClipHeads heads, int head, int query, int key)
    {
        int dim = heads.Shape.HeadDim;
        int first = head * heads.Grid.Tokens;
        return TensorPrimitives.Dot(heads.Query.AsSpan((first + query) * dim, dim), heads.Key.AsSpan((first + key) * dim, dim)) / Math.Sqrt(dim);
    }
}
