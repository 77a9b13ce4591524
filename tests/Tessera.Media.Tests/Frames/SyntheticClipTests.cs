using Tessera.Media.Frames;
using Xunit;

namespace Tessera.Media.Tests.Frames;

public sealed class SyntheticClipTests
{
    [Fact]
    public void Equal_options_give_equal_clips_and_seeds_differ()
    {
        SyntheticClipOptions options = new() { Count = 3, Height = 40, Width = 56, Seed = 7 };

        VideoFrames clip = SyntheticClip.Create(options);

        Assert.True(clip.Pixels.SequenceEqual(SyntheticClip.Create(options with { }).Pixels));
        Assert.InRange(clip.PeakSignalToNoise(SyntheticClip.Create(options with { Seed = 8 })), 0, 25);
    }

    [Fact]
    public void Neighbouring_frames_move_a_little_and_distant_frames_much()
    {
        VideoFrames clip = SyntheticClip.Create(new SyntheticClipOptions { Count = 16, Height = 64, Width = 96 });

        double near = clip.Slice(0, 1).PeakSignalToNoise(clip.Slice(1, 1));
        double far = clip.Slice(0, 1).PeakSignalToNoise(clip.Slice(15, 1));

        Assert.InRange(near, 15, 45);
        Assert.True(far < near - 3, $"near {near:0.0} dB, far {far:0.0} dB");
    }

    [Fact]
    public void Proportions_of_the_scene_do_not_depend_on_the_resolution()
    {
        SyntheticClipOptions small = new() { Count = 2, Height = 48, Width = 64 };

        VideoFrames large = SyntheticClip.Create(small with { Height = 96, Width = 128 });

        Assert.InRange(SyntheticClip.Create(small).PeakSignalToNoise(large.Resize(48, 64)), 28, 100);
    }
}
