using Tessera.Media.Ffmpeg;
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
    public void Formats_that_need_ffmpeg_are_refused_before_work_where_it_is_missing()
    {
        FfmpegTools none = new();
        ClipFile.RequireWriter("clip.y4m", none);
        ClipFile.RequireWriter("clip.PNG", none);
        ClipFile.RequireWriter("clip.apng", none);
        Assert.Contains("clip.mp4", Assert.Throws<FfmpegUnavailableException>(() => ClipFile.RequireWriter("clip.mp4", none)).Message, StringComparison.Ordinal);
        ClipFile.RequireWriter("clip.mp4", new FfmpegTools { Ffmpeg = "/usr/bin/ffmpeg" });
    }

    [Fact]
    public async Task One_frame_is_a_plain_picture_and_an_apng_stays_animated()
    {
        using TemporaryFolder folder = new();
        VideoFrames clip = TestClips.Noise(1, 5, 7);
        await ClipFile.WriteAsync(clip, folder["clip.png"]);
        await ClipFile.WriteAsync(clip, folder["clip.apng"]);

        VideoFrames picture = await ClipFile.ReadAsync(folder["clip.png"]);
        Assert.Equal(clip.Pixels.ToArray(), picture.Pixels.ToArray());
        Assert.False((await File.ReadAllBytesAsync(folder["clip.png"])).AsSpan().IndexOf("acTL"u8) >= 0);
        Assert.True((await File.ReadAllBytesAsync(folder["clip.apng"])).AsSpan().IndexOf("acTL"u8) >= 0);
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
