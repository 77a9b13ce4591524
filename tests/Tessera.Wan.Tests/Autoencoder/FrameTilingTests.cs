using Tessera.TestKit;
using Tessera.Wan.Autoencoder;
using Xunit;

namespace Tessera.Wan.Tests.Autoencoder;

public sealed class FrameTilingTests
{
    [Theory]
    [InlineData(60, 256, 192)]
    [InlineData(104, 256, 192)]
    [InlineData(33, 256, 192)]
    [InlineData(32, 256, 192)]
    [InlineData(7, 256, 192)]
    [InlineData(90, 64, 32)]
    [InlineData(11, 40, 40)]
    public void Tiles_cover_a_frame_and_their_weights_sum_to_one(int extent, int tile, int stride)
    {
        TileAxis axis = new(extent, new FrameTiling { Tile = tile, Stride = stride });
        Assert.Equal(Math.Min(extent, tile / 8), axis.Length);
        Assert.Equal(0, axis.Starts[0]);
        Assert.Equal(extent, axis.Starts[^1] + axis.Length);
        double[] sums = new double[extent * 8];
        for (int i = 0; i < axis.Starts.Length; i++)
        {
            Assert.True(i == 0 || axis.Starts[i] - axis.Starts[i - 1] is int distance && distance > 0 && distance <= Math.Min(stride, tile) / 8);
            for (int pixel = 0; pixel < axis.Length * 8; pixel++)
            {
                Assert.InRange(axis.Weights(i)[pixel], 0, 1);
                sums[(axis.Starts[i] * 8) + pixel] += axis.Weights(i)[pixel];
            }
        }

        Assert.All(sums, static sum => Assert.Equal(1, sum, 1e-6));
    }

    [Theory]
    [InlineData(RandomCodecs.Full)]
    [InlineData(RandomCodecs.Tiny)]
    public void A_tiled_video_is_the_blend_of_its_tiles(string name)
    {
        using IVideoCodec codec = RandomCodecs.Open(name);
        LatentShape shape = new(2, 5, 4);
        float[] latent = RandomCodecs.Latent(shape);
        FrameTiling tiling = new() { Tile = 32, Stride = 24 };
        float[] tiled = codec.Decode(latent, shape, new VideoCodecOptions { Tiling = tiling });

        // Two tiles of four rows that start at rows 0 and 1: they overlap in three rows, 24 pixels.
        LatentShape part = shape with { Height = 4 };
        float[][] tiles = [.. new[] { 0, 1 }.Select(top => codec.Decode(Rows(latent, shape, top, part), part))];
        for (int i = 0; i < tiled.Length; i++)
        {
            (int frame, int rest) = Math.DivRem(i, shape.VideoFrameLength);
            int y = rest / (shape.VideoWidth * 3);
            double weight = y < 8 ? 0 : y >= 32 ? 1 : (y - 8 + 0.5) / 24;
            double upper = y < 32 ? tiles[0][(frame * part.VideoFrameLength) + rest] : 0;
            double lower = y >= 8 ? tiles[1][(frame * part.VideoFrameLength) + rest - (8 * shape.VideoWidth * 3)] : 0;
            if (Math.Abs(upper) < 1 && Math.Abs(lower) < 1)
            {
                // Tiles that were clamped before blending differ; a tile by itself is.
                Assert.Equal(((1 - weight) * upper) + (weight * lower), tiled[i], 1e-6);
            }
        }

        NumericAssert.BitwiseEqual(
            codec.Decode(latent, shape), codec.Decode(latent, shape, new VideoCodecOptions { Tiling = FrameTiling.Default }));
    }

    [Fact]
    public void Tiles_bound_memory_and_sizes_are_checked()
    {
        using IVideoCodec codec = RandomCodecs.Open(RandomCodecs.Full);
        LatentShape large = new(21, 60, 104);
        long whole = codec.EstimateDecodeMemory(large);
        long tiled = codec.EstimateDecodeMemory(large, FrameTiling.Default);
        Assert.True(tiled - (4L * large.VideoFrames * large.VideoFrameLength) < 0.2 * whole, $"{tiled} of {whole}");
        Assert.Throws<ArgumentOutOfRangeException>(() => new FrameTiling { Tile = 100 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new FrameTiling { Stride = 0 });
    }

    private static float[] Rows(float[] latent, LatentShape shape, int top, LatentShape part)
    {
        float[] rows = new float[part.Length];
        for (int plane = 0; plane < LatentShape.Channels * shape.Frames; plane++)
        {
            latent.AsSpan((plane * shape.FramePositions) + (top * shape.Width), part.FramePositions).CopyTo(rows.AsSpan(plane * part.FramePositions));
        }

        return rows;
    }
}
