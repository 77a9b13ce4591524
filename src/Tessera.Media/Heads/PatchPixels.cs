using Tessera.Media.Frames;

namespace Tessera.Media.Heads;

/// <summary>Windows of a clip as floats: byte b is b / 127.5 - 1, so that black is -1 and white is 1.</summary>
internal static class PatchPixels
{
    /// <summary>Reads a window [frames, height, width, RGB]; positions outside the frame repeat its edge.</summary>
    public static void Read(VideoFrames clip, int firstFrame, int top, int left, int frames, int height, int width, Span<float> window)
    {
        int at = 0;
        for (int frame = firstFrame; frame < firstFrame + frames; frame++)
        {
            ReadOnlySpan<byte> pixels = clip.Frame(frame);
            for (int y = top; y < top + height; y++)
            {
                int line = Math.Clamp(y, 0, clip.Height - 1) * clip.Width;
                for (int x = left; x < left + width; x++)
                {
                    int pixel = (line + Math.Clamp(x, 0, clip.Width - 1)) * VideoFrames.Channels;
                    window[at++] = (pixels[pixel] / 127.5f) - 1;
                    window[at++] = (pixels[pixel + 1] / 127.5f) - 1;
                    window[at++] = (pixels[pixel + 2] / 127.5f) - 1;
                }
            }
        }
    }

    /// <summary>Writes a window that lies inside the clip, rounded and cut to 0..255.</summary>
    public static void Write(
        ReadOnlySpan<float> window, VideoFrames clip, int firstFrame, int top, int left, int frames, int height, int width)
    {
        int at = 0;
        for (int frame = firstFrame; frame < firstFrame + frames; frame++)
        {
            Span<byte> pixels = clip.Frame(frame);
            for (int y = top; y < top + height; y++)
            {
                foreach (ref byte value in pixels.Slice(((y * clip.Width) + left) * VideoFrames.Channels, width * VideoFrames.Channels))
                {
                    value = (byte)Math.Clamp(MathF.Round((window[at++] + 1) * 127.5f), 0, 255);
                }
            }
        }
    }
}
