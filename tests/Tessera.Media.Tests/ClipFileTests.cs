using Tessera.Media.Formats;
using Tessera.Media.Frames;
using Xunit;

namespace Tessera.Media.Tests;

public sealed class ClipFileTests
{
    [Theory]
    [InlineData("clip.y4m")]
    [InlineData("clip.png")]
    [InlineData("clip.APNG")]
    public async Task Rate_start_and_count_choose_the_frame_shown_at_each_time(string name)
    {
        using TemporaryFolder folder = new();
        await ClipFile.WriteAsync(TestClips.Counting(30, 4, 4, new FrameRate(24)), folder[name]);

        VideoFrames clip = await ClipFile.ReadAsync(folder[name], new ClipReadOptions { Rate = new FrameRate(8), Start = TimeSpan.FromSeconds(0.25), FrameCount = 8 });

        Assert.Equal([6, 9, 12, 15, 18, 21, 24, 27], Enumerable.Range(0, 8).Select(frame => TestClips.IndexOf(clip, frame)));
    }

    [Fact]
    public async Task Size_is_filled_from_the_centre()
    {
        using TemporaryFolder folder = new();
        await ClipFile.WriteAsync(TestClips.Noise(2, 20, 30), folder["clip.png"]);

        VideoFrames clip = await ClipFile.ReadAsync(folder["clip.png"], new ClipReadOptions { Height = 10, Width = 10 });

        Assert.Equal((2, 10, 10), (clip.Count, clip.Height, clip.Width));
    }

    [Theory]
    [InlineData("clip.y4m")]
    [InlineData("clip.png")]
    public async Task Too_few_frames_are_an_error_that_says_how_many_there_are(string name)
    {
        using TemporaryFolder folder = new();
        await ClipFile.WriteAsync(TestClips.Noise(3, 2, 2), folder[name]);

        MediaFormatException fault = await Assert.ThrowsAsync<MediaFormatException>(() => ClipFile.ReadAsync(folder[name], new ClipReadOptions { FrameCount = 4 }));

        Assert.Contains("Ask for at most 3", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failed_write_leaves_the_old_file_alone()
    {
        using TemporaryFolder folder = new();
        await ClipFile.WriteAsync(TestClips.Noise(1, 2, 2), folder["clip.y4m"]);
        byte[] before = await File.ReadAllBytesAsync(folder["clip.y4m"]);
        using CancellationTokenSource cancelled = new();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ClipFile.WriteAsync(TestClips.Noise(2, 4, 4), folder["clip.y4m"], cancellationToken: cancelled.Token));

        Assert.Equal(before, await File.ReadAllBytesAsync(folder["clip.y4m"]));
        Assert.Equal(["clip.y4m"], folder.Files);
    }
}
