using Tessera.Media.Frames;

namespace Tessera.Media.Tests;

/// <summary>Small clips with known content.</summary>
internal static class TestClips
{
    public static VideoFrames Noise(int count, int height, int width, int seed = 1, FrameRate? rate = null)
    {
        VideoFrames clip = new(count, height, width, rate);
        new Random(seed).NextBytes(clip.Pixels);
        return clip;
    }

    public static VideoFrames Synthetic(int count, int height, int width) =>
        SyntheticClip.Create(new SyntheticClipOptions { Count = count, Height = height, Width = width });

    public static int LargestDifference(VideoFrames first, VideoFrames second)
    {
        int largest = 0;
        for (int i = 0; i < first.Pixels.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs(first.Pixels[i] - second.Pixels[i]));
        }

        return largest;
    }

    /// <summary>A clip of at most 32 frames, each filled with 8 x its index; <see cref="IndexOf"/> reads it back.</summary>
    public static VideoFrames Counting(int count, int height, int width, FrameRate rate)
    {
        VideoFrames clip = new(count, height, width, rate);
        for (int frame = 0; frame < count; frame++)
        {
            clip.Frame(frame).Fill((byte)(8 * frame));
        }

        return clip;
    }

    public static int IndexOf(VideoFrames clip, int frame) => (int)Math.Round(clip.Frame(frame)[0] / 8.0);
}
