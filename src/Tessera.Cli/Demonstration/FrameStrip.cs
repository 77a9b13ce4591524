using Tessera.Media.Frames;

namespace Tessera.Cli.Demonstration;

/// <summary>Clips of one size side by side as one clip.</summary>
internal static class FrameStrip
{
    private const int Gap = 6;

    /// <summary>Joins clips from left to right, shrunk to at most a height, with a white gap.</summary>
    public static VideoFrames Join(IReadOnlyList<VideoFrames> clips, int maximumHeight)
    {
        int height = Math.Min(maximumHeight, clips[0].Height);
        int width = Math.Max(1, clips[0].Width * height / clips[0].Height);
        VideoFrames[] panels = [.. clips.Select(clip => clip.Resize(height, width))];
        VideoFrames strip = new(panels[0].Count, height, (width * panels.Length) + (Gap * (panels.Length - 1)), panels[0].Rate);
        strip.Pixels.Fill(byte.MaxValue);
        int rowBytes = width * VideoFrames.Channels;
        for (int frame = 0; frame < strip.Count; frame++)
        {
            for (int panel = 0; panel < panels.Length; panel++)
            {
                int column = panel * (width + Gap);
                for (int row = 0; row < height; row++)
                {
                    panels[panel].Frame(frame).Slice(row * rowBytes, rowBytes)
                        .CopyTo(strip.Frame(frame)[(((row * strip.Width) + column) * VideoFrames.Channels)..]);
                }
            }
        }

        return strip;
    }
}
