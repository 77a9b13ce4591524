using System.Text;
using Tessera.Media.Frames;

namespace Tessera.Media.Formats;

/// <summary>
/// Writes a clip as YUV4MPEG2 4:4:4, BT.601 limited range: every player and encoder reads it, and RGB survives within rounding (at most 2
/// of 255).
/// </summary>
public static class Y4mWriter
{
    /// <summary>Writes a file; it appears under its name when it is whole.</summary>
    public static Task WriteAsync(VideoFrames clip, string path, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(clip);
        return FinishedFile.WriteAsync(
            path,
            async (temporary, token) =>
            {
                await using FileStream file = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20, useAsync: true);
                await WriteAsync(clip, file, token).ConfigureAwait(false);
            },
            cancellationToken);
    }

    /// <summary>Writes to a stream.</summary>
    public static async Task WriteAsync(VideoFrames clip, Stream destination, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(clip);
        ArgumentNullException.ThrowIfNull(destination);
        string header = $"{Y4mHeader.Magic} W{clip.Width} H{clip.Height} F{clip.Rate.Numerator}:{clip.Rate.Denominator} Ip A1:1 C444\n";
        await destination.WriteAsync(Encoding.ASCII.GetBytes(header), cancellationToken).ConfigureAwait(false);
        byte[] frameLine = "FRAME\n"u8.ToArray();
        byte[] planes = new byte[clip.FrameBytes];
        for (int frame = 0; frame < clip.Count; frame++)
        {
            ToPlanes(clip.Frame(frame), planes);
            await destination.WriteAsync(frameLine, cancellationToken).ConfigureAwait(false);
            await destination.WriteAsync(planes, cancellationToken).ConfigureAwait(false);
        }
    }

    private static void ToPlanes(ReadOnlySpan<byte> rgb, Span<byte> planes)
    {
        YuvColour colour = new(fullRange: false);
        int pixels = planes.Length / 3;
        for (int i = 0; i < pixels; i++)
        {
            (float luma, float blue, float red) = colour.FromRgb(rgb.Slice(i * VideoFrames.Channels, VideoFrames.Channels));
            planes[i] = YuvColour.Round(luma);
            planes[pixels + i] = YuvColour.Round(blue);
            planes[(2 * pixels) + i] = YuvColour.Round(red);
        }
    }
}
