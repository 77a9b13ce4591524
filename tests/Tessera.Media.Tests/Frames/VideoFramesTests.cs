using Tessera.Media.Frames;
using Xunit;

namespace Tessera.Media.Tests.Frames;

public sealed class VideoFramesTests
{
    [Theory]
    [InlineData(5, 7)]
    [InlineData(31, 3)]
    [InlineData(64, 90)]
    public void Scaling_keeps_a_flat_clip_flat(int height, int width)
    {
        VideoFrames clip = new(2, 17, 23);
        clip.Pixels.Fill(93);

        VideoFrames scaled = clip.Resize(height, width);

        Assert.All(scaled.Pixels.ToArray(), static value => Assert.Equal(93, value));
    }

    [Fact]
    public void Halving_weighs_neighbours_by_a_triangle()
    {
        // Filter of half width 2 at centre 0.5: weights 0.75, 0.75, 0.25 on pixels 0, 1, 2 (pixel -1 is outside), normalised by 1.75.
        VideoFrames clip = new(1, 1, 4, null, [0, 0, 0, 70, 70, 70, 140, 140, 140, 210, 210, 210]);

        VideoFrames half = clip.Resize(1, 2);

        int first = (int)Math.Round(((0.75 * 70) + (0.25 * 140)) / 1.75);
        Assert.Equal([first, first, first, 210 - first, 210 - first, 210 - first], half.Pixels.ToArray().Select(static value => (int)value));
    }

    [Fact]
    public void Filling_cuts_the_longer_side_evenly()
    {
        VideoFrames clip = TestClips.Noise(1, 10, 30);

        Assert.True(clip.Fill(10, 10).Pixels.SequenceEqual(clip.Crop(0, 10, 10, 10).Pixels));
    }

    [Fact]
    public void Sampling_spreads_frames_evenly()
    {
        VideoFrames clip = TestClips.Counting(10, 1, 1, new FrameRate(10));

        VideoFrames sample = clip.SampleFrames(4);

        Assert.Equal([0, 2, 5, 7], Enumerable.Range(0, 4).Select(frame => TestClips.IndexOf(sample, frame)));
    }

    [Fact]
    public void Difference_and_ratio_follow_their_definitions()
    {
        VideoFrames first = new(1, 1, 1, null, [10, 20, 30]);
        VideoFrames second = new(1, 1, 1, null, [10, 24, 255]);

        Assert.Equal([0, 32, 255], first.AbsoluteDifference(second, 8).Pixels.ToArray());
        Assert.Equal(10 * Math.Log10(255.0 * 255 * 3 / (16 + (225 * 225))), first.PeakSignalToNoise(second), 12);
        Assert.Equal(double.PositiveInfinity, first.PeakSignalToNoise(first));
    }

    [Fact]
    public void Impossible_sizes_are_refused_with_the_size()
    {
        ArgumentOutOfRangeException fault = Assert.Throws<ArgumentOutOfRangeException>(static () => new VideoFrames(100_000, 10_000, 10_000));

        Assert.Contains("10000 x 10000", fault.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(static () => new VideoFrames(1, 2, 2, null, new byte[11]));
        Assert.Throws<ArgumentException>(static () => new VideoFrames(1, 2, 2).PeakSignalToNoise(new VideoFrames(1, 2, 3)));
    }

    [Theory]
    [InlineData("25", 25, 1)]
    [InlineData("30000/1001", 30000, 1001)]
    [InlineData("24:1", 24, 1)]
    public void Rates_are_parsed(string text, int numerator, int denominator)
    {
        Assert.True(FrameRate.TryParse(text, out FrameRate rate));
        Assert.Equal(new FrameRate(numerator, denominator), rate);
    }

    [Theory]
    [InlineData("0/0")]
    [InlineData("-25")]
    [InlineData("25/1/1")]
    [InlineData("")]
    [InlineData(null)]
    public void Other_texts_are_no_rates(string? text) => Assert.False(FrameRate.TryParse(text, out _));
}
