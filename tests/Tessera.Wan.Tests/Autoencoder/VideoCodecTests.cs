using Tessera.Neural.Checkpoints;
using Tessera.Serialization;
using Tessera.TestKit;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.TinyAutoencoder;
using Xunit;

namespace Tessera.Wan.Tests.Autoencoder;

/// <summary>What holds for every autoencoder.</summary>
public sealed class VideoCodecTests
{
    public static TheoryData<string> Codecs { get; } = [RandomCodecs.Full, RandomCodecs.Tiny];

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Decoding_is_causal_and_does_not_depend_on_threads(string name)
    {
        using IVideoCodec codec = RandomCodecs.Open(name);
        LatentShape shape = new(3, 3, 4);
        float[] latent = RandomCodecs.Latent(shape);
        float[] video = codec.Decode(latent, shape, new VideoCodecOptions { Threads = 1 });
        NumericAssert.BitwiseEqual(video, codec.Decode(latent, shape, new VideoCodecOptions { Threads = 3 }));
        LatentShape first = shape with { Frames = 2 };
        float[] part = new float[first.Length];
        for (int channel = 0; channel < LatentShape.Channels; channel++)
        {
            latent.AsSpan(channel * shape.Frames * shape.FramePositions, first.Frames * shape.FramePositions)
                .CopyTo(part.AsSpan(channel * first.Frames * first.FramePositions));
        }

        NumericAssert.BitwiseEqual(video.AsSpan(0, first.VideoFrames * first.VideoFrameLength), codec.Decode(part, first));
        Assert.True(video.Max() <= 1 && video.Min() >= -1 && video.Max() - video.Min() > 0.1);
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Memory_is_what_was_estimated_and_does_not_grow_with_length(string name)
    {
        using IVideoCodec codec = RandomCodecs.Open(name);

        // The convolutions over time have seen three frames behind the first one when the fourth latent frame comes.
        LatentShape few = new(4, 4, 4);
        long estimate = codec.EstimateDecodeMemory(few);
        Assert.Equal(estimate, codec.EstimateDecodeMemory(few with { Frames = 21 }));
        Assert.True(codec.EstimateDecodeMemory(few with { Frames = 1 }) < estimate);
        Assert.True(codec.EstimateDecodeMemory(new LatentShape(4, 8, 8)) > 3 * (estimate - WeightBytes(codec)));
        Assert.Equal(estimate - WeightBytes(codec), PeakOf(name, few with { Frames = 6 }));
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Frames_come_in_order_and_progress_ends_at_one(string name)
    {
        using IVideoCodec codec = RandomCodecs.Open(name);
        LatentShape shape = new(3, 2, 3);
        int next = 0;
        List<double> shares = [];
        codec.Decode(
            RandomCodecs.Latent(shape), shape, (in VideoFrameGroup frames) =>
            {
                Assert.Equal((next, 16, 24), (frames.First, frames.Height, frames.Width));
                next += frames.Count;
                Assert.Equal(frames.FrameLength, frames.Frame(0).Length);
            },
            new VideoCodecOptions { Progress = new Reports(shares) });
        Assert.Equal(shape.VideoFrames, next);
        Assert.Equal([1 / 3.0, 2 / 3.0, 1], shares);
        shares.Clear();
        float[] latent = new float[shape.Length];
        List<int> asked = [];
        codec.Encode(
            (first, frame) =>
            {
                asked.Add(first);
                frame.Clear();
            },
            shape, latent, new VideoCodecOptions { Progress = new Reports(shares) });
        Assert.Equal(Enumerable.Range(0, shape.VideoFrames), asked);
        Assert.Equal(1, shares[^1]);
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Encoding_is_causal_up_to_whole_groups(string name)
    {
        using IVideoCodec codec = RandomCodecs.Open(name);
        LatentShape shape = new(3, 2, 2);
        float[] pixels = RandomCodecs.Latent(new LatentShape(shape.VideoFrames, shape.VideoHeight, shape.VideoWidth))[..(shape.VideoFrames * shape.VideoFrameLength)];
        float[] latent = codec.Encode(pixels, shape);
        NumericAssert.AllFinite(latent);
        LatentShape image = shape with { Frames = 1 };

        // The Wan autoencoder's first frame stands alone; the tiny one takes four frames to a latent frame, here the first four times.
        float[] still = [.. Enumerable.Repeat(pixels[..shape.VideoFrameLength], name == RandomCodecs.Full ? 1 : 4).SelectMany(static frame => frame)];
        float[] clip = [.. still, .. pixels[still.Length..]];
        float[] one = codec.Encode(pixels.AsMemory(0, shape.VideoFrameLength), image);
        float[] all = codec.Encode(clip, shape);
        for (int channel = 0; channel < LatentShape.Channels; channel++)
        {
            NumericAssert.BitwiseEqual(
                one.AsSpan(channel * shape.FramePositions, shape.FramePositions),
                all.AsSpan(channel * shape.Frames * shape.FramePositions, shape.FramePositions));
        }
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void What_cannot_be_done_is_refused(string name)
    {
        using IVideoCodec codec = RandomCodecs.Open(name);
        LatentShape shape = new(1, 2, 2);
        float[] latent = RandomCodecs.Latent(shape);
        Assert.Throws<ArgumentException>(() => codec.Decode(latent.AsSpan(1), shape));
        Assert.Throws<ArgumentException>(() => codec.Decode(latent, new LatentShape(0, 2, 2)));
        Assert.Throws<ArgumentException>(() => codec.Encode(new float[5], shape));
        Assert.Throws<ArgumentException>(
            () => codec.Encode((_, _) => { }, shape, latent, new VideoCodecOptions { Tiling = FrameTiling.Default }));
        Assert.Throws<OperationCanceledException>(
            () => codec.Decode(latent, shape, cancellationToken: new CancellationToken(canceled: true)));
        latent[3] = float.NaN;
        Assert.Contains("finite", Assert.Throws<ArithmeticException>(() => codec.Decode(latent, shape)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Latents_belong_to_videos_of_4n_plus_1_frames_and_multiples_of_8()
    {
        Assert.Equal(new LatentShape(21, 60, 104), LatentShape.OfVideo(81, 480, 832));
        Assert.Equal((81, 480, 832), (new LatentShape(21, 60, 104).VideoFrames, 480, 832));
        Assert.Contains("77 or 81", Assert.Throws<ArgumentOutOfRangeException>(() => LatentShape.OfVideo(80, 480, 832)).Message, StringComparison.Ordinal);
        Assert.Contains("1 or 5", Assert.Throws<ArgumentOutOfRangeException>(() => LatentShape.OfVideo(0, 480, 832)).Message, StringComparison.Ordinal);
        Assert.Contains("480 and 488", Assert.Throws<ArgumentOutOfRangeException>(() => LatentShape.OfVideo(81, 481, 832)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_that_are_not_finite_are_named()
    {
        WanVaeConfig config = new() { BaseDim = 4 };
        string path = Path.GetTempFileName();
        SafetensorsWriter writer = new();
        foreach (TensorSpecification tensor in config.Tensors())
        {
            float[] values = new float[tensor.ElementCount];
            SeededInputs.FillNormal(new Random(1), values);
            values[0] = tensor.Name == "decoder.middle.1.proj.bias" ? float.NaN : values[0];
            writer.Add<float>(tensor.Name, [.. tensor.Shape], values);
        }

        writer.Save(path);
        using WanVae vae = WanVae.Open(path);
        File.Delete(path);
        LatentShape shape = new(1, 2, 2);
        string message = Assert.Throws<CheckpointFormatException>(() => vae.Decode(RandomCodecs.Latent(shape), shape)).Message;
        Assert.Contains("tensor 'decoder.middle.1.proj.bias' holds NaN at element 0", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_extra_and_misshapen_tensors_of_a_tiny_autoencoder_are_listed_at_once()
    {
        string path = Path.GetTempFileName();
        SafetensorsWriter writer = new();
        TinyVaeConfig config = new() { DecoderWidths = [8, 8, 4, 4], EncoderWidth = 4, StoredGrowth = [1, 2, 2] };
        foreach (TensorSpecification tensor in config.Tensors().Where(static tensor => tensor.Name != "decoder.4.conv.2.bias"))
        {
            long[] shape = tensor.Name == "encoder.12.conv.weight" ? [4, 8, 1, 1] : [.. tensor.Shape];
            writer.Add<float>(tensor.Name, shape, new float[shape.Aggregate(1L, static (product, extent) => product * extent)]);
        }

        writer.Add<float>("decoder.99.bias", [1], new float[1]);
        writer.Save(path);
        string message = Assert.Throws<CheckpointFormatException>(() => TinyVae.Open(path)).Message;
        File.Delete(path);
        Assert.Contains("1 missing: decoder.4.conv.2.bias", message, StringComparison.Ordinal);
        Assert.Contains("encoder.12.conv.weight", message, StringComparison.Ordinal);
        Assert.Contains("wanted [4, 4, 1, 1]", message, StringComparison.Ordinal);
        Assert.Contains("1 too many: decoder.99.bias", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Operations_are_those_of_the_networks_as_written_down()
    {
        // stable-diffusion.cpp counts 0.730 TFLOP from its graph for 5 frames of 128 x 128 and the released width.
        LatentShape shape = new(2, 16, 16);
        using IVideoCodec vae = RandomCodecs.Open(RandomCodecs.Full);
        double scale = 96.0 / ((WanVae)vae).Config.BaseDim;
        Assert.InRange(vae.CountDecodeOperations(shape) * scale * scale, 0.72e12, 0.76e12);

        // Of the five frames the first sees one instead of three of a kernel and the second two; upsampled frames take 4 taps of 9.
        Assert.InRange(vae.CountExecutedOperations(shape) / vae.CountDecodeOperations(shape), 0.6, 0.8);
        LatentShape image = shape with { Frames = 1 };
        Assert.InRange(vae.CountExecutedOperations(image) / vae.CountDecodeOperations(image), 0.3, 0.4);
    }

    private static long WeightBytes(IVideoCodec codec) => codec is WanVae vae
        ? vae.Config.Tensors().Where(WanVaeDecoder.Owns).Sum(static tensor => tensor.ElementCount * sizeof(float))
        : ((TinyVae)codec).Config.Tensors().Where(static tensor => tensor.Name.StartsWith("decoder.", StringComparison.Ordinal))
            .Sum(static tensor => tensor.ElementCount * sizeof(float));

    /// <summary>Bytes that an engine held in the end; it never gives memory back.</summary>
    private static long PeakOf(string name, LatentShape shape)
    {
        using IVideoCodec codec = RandomCodecs.Open(name);
        using ComputingEngine engine = new(threads: 0, CancellationToken.None);
        FrameStage network = codec is WanVae vae ? vae.LayOutDecoder(engine) : ((TinyVae)codec).LayOutDecoder(engine);
        for (int index = 0; index < shape.Frames; index++)
        {
            Frame frame = engine.Rent(shape.Height, shape.Width, LatentShape.Channels);
            frame.Values.Clear();
            network.Push(frame);
        }

        return engine.Bytes;
    }

    private sealed class Reports(List<double> shares) : IProgress<double>
    {
        public void Report(double value) => shares.Add(value);
    }
}
