using Tessera.Neural.Checkpoints;
using Tessera.Serialization;
using Tessera.TestKit;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.Tests.Autoencoder;
using Tessera.Wan.TinyAutoencoder;

namespace Tessera.Wan.Tests.TinyAutoencoder;

/// <summary>The tiny autoencoder against what the reference code recorded.</summary>
public sealed class TinyVaeGoldenTests
{
    /// <summary>What the recordings call reachable in binary32.</summary>
    private const double Tolerance = 2e-5;

    /// <summary>The recorded latent has a deviation of 0.07; the recording asks for this.</summary>
    private const double LatentTolerance = 1e-5;
    private const string Folder = "wan/taehv_tiny";
    private const string Fixture = $"{Folder}/io.safetensors";

    [DataFact(Fixture, isFixture: true)]
    public void Frames_are_those_recorded_before_and_after_the_clamp()
    {
        using SafetensorsFile io = Io();
        TensorDescription recorded = io["decode.latent_ntchw"];
        LatentShape shape = new((int)recorded.Shape[1], (int)recorded.Shape[3], (int)recorded.Shape[4]);
        float[] latent = Exchange(io.ReadSingle("decode.latent_ntchw"), shape.Frames, LatentShape.Channels);
        List<float> raw = [];
        using TinyVae all = Open((name, frame) =>
        {
            if (name == TinyVaeConfig.DecoderExit)
            {
                raw.AddRange(RecordedFrames.ToPlanes(frame.Values, frame.Channels));
            }
        });
        float[] video = all.Decode(latent, shape);
        Golden.Close(io.Tensor("decode.raw_before_clamp_and_trim"), [.. raw], Tolerance);
        Golden.Close(io.Tensor("decode.frames_ntchw"), ToUnitFrames(video, shape), Tolerance);
        using TinyVae used = Open(null);
        NumericAssert.BitwiseEqual(video, used.Decode(latent, shape));
    }

    [DataFact(Fixture, isFixture: true)]
    public void The_latent_is_the_one_recorded()
    {
        using SafetensorsFile io = Io();
        TensorDescription recorded = io["encode.latent_ntchw"];
        LatentShape shape = new((int)recorded.Shape[1], (int)recorded.Shape[3], (int)recorded.Shape[4]);
        float[] frames = io.ReadSingle("encode.frames_ntchw");
        float[] pixels = new float[frames.Length];
        for (int frame = 0; frame < shape.VideoFrames; frame++)
        {
            RecordedFrames.ToPositions(frames.AsSpan(frame * shape.VideoFrameLength, shape.VideoFrameLength), LatentShape.PixelChannels)
                .Select(static value => (2 * value) - 1).ToArray().CopyTo(pixels, frame * shape.VideoFrameLength);
        }

        using TinyVae codec = Open(null);
        float[] latent = codec.Encode(pixels, shape);
        Golden.Close(io.Tensor("encode.latent_ntchw"), Exchange(latent, LatentShape.Channels, shape.Frames), LatentTolerance);
    }

    /// <summary>[outer, inner, plane] as [inner, outer, plane].</summary>
    private static float[] Exchange(float[] values, int outer, int inner)
    {
        float[] exchanged = new float[values.Length];
        int plane = values.Length / outer / inner;
        for (int i = 0; i < outer * inner; i++)
        {
            values.AsSpan(i * plane, plane).CopyTo(exchanged.AsSpan((((i % inner) * outer) + (i / inner)) * plane));
        }

        return exchanged;
    }

    private static float[] ToUnitFrames(float[] video, LatentShape shape) =>
    [
        .. Enumerable.Range(0, shape.VideoFrames).SelectMany(frame => RecordedFrames.ToPlanes(
            video.AsSpan(frame * shape.VideoFrameLength, shape.VideoFrameLength), LatentShape.PixelChannels)).Select(static value => (value + 1) / 2),
    ];

    private static SafetensorsFile Io() => SafetensorsFile.Open(Path.Combine(TestRoots.Fixtures, Fixture));

    private static TinyVae Open(Action<string, Frame>? observer) => new(
        new Checkpoint(Checkpoint.OpenSource(Path.Combine(TestRoots.Fixtures, Folder, "taew_tiny.safetensors")), KeyTable.Identity("taehv")), observer);
}
