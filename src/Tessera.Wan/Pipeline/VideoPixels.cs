using Tessera.Media.Frames;
using Tessera.Wan.Autoencoder;

namespace Tessera.Wan.Pipeline;

/// <summary>Pixels of the autoencoder as bytes: <c>round((v + 1) / 2 * 255)</c>, halves to even, as diffusers rounds.</summary>
/// <remarks>The original code truncates instead, which makes the video half a level darker.</remarks>
internal static class VideoPixels
{
    /// <summary>Frames of a second, the rate that Wan2.1 was trained at.</summary>
    public const int FramesPerSecond = 16;

    /// <summary>An empty clip for a latent.</summary>
    public static VideoFrames Allocate(LatentShape shape) =>
        new(shape.VideoFrames, shape.VideoHeight, shape.VideoWidth, new FrameRate(FramesPerSecond));

    /// <summary>Writes frames where they belong.</summary>
    public static void Store(in VideoFrameGroup group, VideoFrames clip)
    {
        for (int frame = 0; frame < group.Count; frame++)
        {
            ReadOnlySpan<float> pixels = group.Frame(frame);
            Span<byte> bytes = clip.Frame(group.First + frame);
            for (int i = 0; i < bytes.Length; i++)
            {
                bytes[i] = (byte)MathF.Round(Math.Clamp((pixels[i] + 1) / 2, 0, 1) * 255);
            }
        }
    }
}
