using Tessera.Media.Ffmpeg;
using Tessera.Media.Formats;
using Tessera.Media.Frames;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Media.Tests.Ffmpeg;

public sealed class FfmpegClipTests
{
    private const string Carphone = "clips/carphone_qcif.mp4";

    [FfmpegFact(Carphone)]
    public async Task A_clip_has_its_published_size()
    {
        ClipInformation clip = await FfmpegProbe.ProbeAsync(Data(Carphone));

        Assert.Equal((144, 176, 120, new FrameRate(30000, 1001)), (clip.Height, clip.Width, clip.Frames, clip.Rate));
    }

    [FfmpegFact(Carphone)]
    public async Task A_whole_clip_is_read()
    {
        VideoFrames clip = await FfmpegClipReader.ReadAsync(Data(Carphone));

        Assert.Equal((120, 144, 176), (clip.Count, clip.Height, clip.Width));
        Assert.NotEqual(clip.Frame(0).ToArray(), clip.Frame(119).ToArray());
    }

    [FfmpegFact(Carphone)]
    public async Task Size_rate_start_and_frame_count_are_obeyed()
    {
        ClipReadOptions options = new() { Height = 64, Width = 64, FrameCount = 7, Rate = new FrameRate(8), Start = TimeSpan.FromSeconds(1) };

        VideoFrames clip = await ClipFile.ReadAsync(Data(Carphone), options);

        Assert.Equal((7, 64, 64, new FrameRate(8)), (clip.Count, clip.Height, clip.Width, clip.Rate));
    }

    [FfmpegFact(Carphone)]
    public async Task Asking_for_too_many_frames_says_how_many_there_are()
    {
        MediaFormatException fault = await Assert.ThrowsAsync<MediaFormatException>(
            () => FfmpegClipReader.ReadAsync(Data(Carphone), new ClipReadOptions { FrameCount = 121, Height = 16 }));

        Assert.Contains("Ask for at most 120", fault.Message, StringComparison.Ordinal);
    }

    [FfmpegFact("clips/flower.webm")]
    public async Task A_side_given_alone_keeps_the_proportions()
    {
        VideoFrames clip = await FfmpegClipReader.ReadAsync(Data("clips/flower.webm"), new ClipReadOptions { Width = 96, FrameCount = 2 });

        Assert.Equal((2, 54, 96), (clip.Count, clip.Height, clip.Width));
    }

    [FfmpegFact]
    public async Task A_file_that_is_no_video_gives_one_clear_error()
    {
        using TemporaryFolder folder = new();
        await File.WriteAllTextAsync(folder["notes.mp4"], "not a video");

        MediaFormatException fault = await Assert.ThrowsAsync<MediaFormatException>(() => ClipFile.ReadAsync(folder["notes.mp4"]));

        Assert.Contains("notes.mp4", fault.Message, StringComparison.Ordinal);
    }

    [FfmpegFact(Carphone)]
    public async Task A_truncated_clip_is_an_error_and_not_a_short_clip()
    {
        using TemporaryFolder folder = new();
        byte[] whole = await File.ReadAllBytesAsync(Data(Carphone));
        await File.WriteAllBytesAsync(folder["cut.mp4"], whole[..(whole.Length / 3)]);

        await Assert.ThrowsAsync<MediaFormatException>(() => ClipFile.ReadAsync(folder["cut.mp4"], new ClipReadOptions { FrameCount = 120 }));
    }

    [FfmpegFact]
    public async Task Names_are_never_read_as_options_or_commands()
    {
        using TemporaryFolder folder = new();
        string name = folder["-y 'a b';$(touch pwned) concat%3A.mp4"];
        await FfmpegClipWriter.WriteAsync(TestClips.Synthetic(3, 32, 48), name);

        VideoFrames read = await ClipFile.ReadAsync(name);

        Assert.Equal((3, 32, 48), (read.Count, read.Height, read.Width));
        Assert.Single(folder.Files);
    }

    [FfmpegFact]
    public async Task Mp4_is_written_whole_and_close_to_the_original()
    {
        using TemporaryFolder folder = new();
        VideoFrames clip = TestClips.Synthetic(6, 48, 65);
        await FfmpegClipWriter.WriteAsync(clip, folder["clip.mp4"]);

        VideoFrames read = await FfmpegClipReader.ReadAsync(folder["clip.mp4"]);

        Assert.Equal((6, 48, 66), (read.Count, read.Height, read.Width));
        Assert.InRange(read.Crop(0, 0, 48, 64).PeakSignalToNoise(clip.Crop(0, 0, 48, 64)), 28, 100);
        Assert.Equal(["clip.mp4"], folder.Files);
    }

    [FfmpegFact(Carphone)]
    public async Task Cancelling_ends_reading()
    {
        using CancellationTokenSource cancellation = new();
        Task<VideoFrames> reading = FfmpegClipReader.ReadAsync(Data(Carphone), new ClipReadOptions { Height = 2304 }, cancellationToken: cancellation.Token);
        cancellation.CancelAfter(TimeSpan.FromMilliseconds(150));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    [FfmpegFact]
    public async Task Cancelling_ends_writing_and_leaves_no_file()
    {
        using TemporaryFolder folder = new();
        using CancellationTokenSource cancellation = new(TimeSpan.FromMilliseconds(150));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => FfmpegClipWriter.WriteAsync(TestClips.Noise(64, 512, 512), folder["clip.mp4"], cancellationToken: cancellation.Token));

        Assert.Empty(folder.Files);
    }

    [Fact]
    public async Task Without_ffmpeg_the_error_says_how_to_get_it_and_how_to_do_without()
    {
        using TemporaryFolder folder = new();
        await File.WriteAllTextAsync(folder["clip.mp4"], "anything");
        FfmpegTools none = FfmpegTools.Find(folder["empty"]);
        Assert.False(none.IsAvailable);

        FfmpegUnavailableException reading = await Assert.ThrowsAsync<FfmpegUnavailableException>(() => ClipFile.ReadAsync(folder["clip.mp4"], tools: none));
        FfmpegUnavailableException writing = await Assert.ThrowsAsync<FfmpegUnavailableException>(() => ClipFile.WriteAsync(TestClips.Noise(1, 2, 2), folder["out.mp4"], none));

        Assert.Contains("apt install ffmpeg", reading.Message, StringComparison.Ordinal);
        Assert.Contains(".y4m", writing.Message, StringComparison.Ordinal);
        Assert.Null(await none.ReadVersionAsync());
    }

    [FfmpegFact]
    public async Task The_version_is_read() => Assert.StartsWith("ffmpeg version", await FfmpegTools.Find().ReadVersionAsync(), StringComparison.Ordinal);

    [Fact]
    public async Task A_missing_file_is_named() =>
        Assert.Contains("nowhere.mp4", (await Assert.ThrowsAsync<FileNotFoundException>(() => ClipFile.ReadAsync("nowhere.mp4"))).Message, StringComparison.Ordinal);

    private static string Data(string path) => Path.Combine(TestRoots.Data, path);
}
