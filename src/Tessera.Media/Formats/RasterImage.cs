using Tessera.Media.Frames;

namespace Tessera.Media.Formats;

/// <summary>An 8-bit picture, row-major with the channel fastest.</summary>
public sealed class RasterImage
{
    /// <summary>Wraps pixels.</summary>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="channels">1 for gray, 3 for RGB.</param>
    /// <param name="pixels">height x width x channels bytes.</param>
    /// <exception cref="ArgumentException">The channel count is another, or the array has another length.</exception>
    public RasterImage(int height, int width, int channels, byte[] pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        if (channels is not (1 or 3))
        {
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "Wanted 1 (gray) or 3 (RGB).");
        }

        if (pixels.Length != (long)height * width * channels)
        {
            throw new ArgumentException(
                $"pixels holds {pixels.Length} bytes; {height} x {width} x {channels} need {(long)height * width * channels}.",
                nameof(pixels));
        }

        Height = height;
        Width = width;
        Channels = channels;
        Pixels = pixels;
    }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>1 for gray, 3 for RGB.</summary>
    public int Channels { get; }

    /// <summary>The pixels.</summary>
    public byte[] Pixels { get; }

    /// <summary>A copy of one frame of a clip.</summary>
    public static RasterImage OfFrame(VideoFrames clip, int frame)
    {
        ArgumentNullException.ThrowIfNull(clip);
        return new RasterImage(clip.Height, clip.Width, VideoFrames.Channels, clip.Frame(frame).ToArray());
    }
}
