using System.Text;
using Tessera.Media.Formats;
using Tessera.Media.Frames;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Media.Tests.Formats;

public sealed class Y4mTests
{
    [Fact]
    public async Task A_clip_survives_within_rounding()
    {
        using TemporaryFolder folder = new();
        VideoFrames clip = TestClips.Noise(3, 10, 14, rate: new FrameRate(25));
        await Y4mWriter.WriteAsync(clip, folder["clip.y4m"]);

        VideoFrames read = await Y4mReader.ReadAsync(folder["clip.y4m"]);

        Assert.Equal((3, 10, 14, new FrameRate(25)), (read.Count, read.Height, read.Width, read.Rate));
        Assert.InRange(TestClips.LargestDifference(clip, read), 0, 2);
        Assert.Equal(["clip.y4m"], folder.Files);
    }

    [Theory]
    [InlineData("C420jpeg", 9)]
    [InlineData("C420mpeg2", 9)]
    [InlineData("C422", 15)]
    [InlineData("C444", 25)]
    [InlineData("Cmono", 0)]
    public async Task Gray_levels_are_those_of_limited_range(string chroma, int chromaBytes)
    {
        // 5 x 5 pixels of luma 126 = 16 + 219 * 128 / 255 and neutral chroma are the gray 128.
        byte[] file = [.. Encoding.ASCII.GetBytes($"YUV4MPEG2 W5 H5 F24:1 {chroma}\nFRAME\n"), .. Enumerable.Repeat((byte)126, 25), .. Enumerable.Repeat((byte)128, 2 * chromaBytes)];

        VideoFrames clip = await Read(file);

        Assert.All(clip.Pixels.ToArray(), static value => Assert.Equal(128, value));
    }

    [Fact]
    public async Task Full_range_is_taken_from_the_header()
    {
        byte[] file = [.. Encoding.ASCII.GetBytes("YUV4MPEG2 W1 H1 F1:1 Cmono XCOLORRANGE=FULL\nFRAME\n"), 200];

        Assert.Equal([200, 200, 200], (await Read(file)).Pixels.ToArray());
    }

    [Theory]
    [InlineData("", "YUV4MPEG2")]
    [InlineData("YUV4MPEG W2 H2\n", "YUV4MPEG2")]
    [InlineData("YUV4MPEG2 H2\n", "no usable size")]
    [InlineData("YUV4MPEG2 W99999999 H99999999\n", "no usable size")]
    [InlineData("YUV4MPEG2 W2 H2 C420p10\nFRAME\n", "C420p10")]
    [InlineData("YUV4MPEG2 W2 H2 It\nFRAME\n", "interlaced")]
    [InlineData("YUV4MPEG2 W2 H2\nFRAME\nabcd", "truncated")]
    [InlineData("YUV4MPEG2 W2 H2\nFRAME\nabcdefFRA", "truncated")]
    [InlineData("YUV4MPEG2 W2 H2\nFRAME\nabcdefFROG\nabcdef", "damaged")]
    [InlineData("YUV4MPEG2 W2 H2\n", "no frames")]
    public async Task Damaged_files_give_one_clear_error(string file, string fault)
    {
        MediaFormatException thrown = await Assert.ThrowsAsync<MediaFormatException>(() => Read(Encoding.ASCII.GetBytes(file)));

        Assert.Contains(fault, thrown.Message, StringComparison.Ordinal);
        Assert.Contains("clip.y4m", thrown.Message, StringComparison.Ordinal);
    }

    [DataFact("fidelity/motorcycle_mpeg4q24_ref.y4m")]
    public async Task Colours_are_those_of_another_decoder()
    {
        string root = Path.Combine(TestRoots.Data, "fidelity");
        VideoFrames clip = await Y4mReader.ReadAsync(Path.Combine(root, "motorcycle_mpeg4q24_ref.y4m"));
        Assert.Equal(9, clip.Count);
        foreach (int frame in new[] { 0, 4, 8 })
        {
            RasterImage png = await PngDecoder.ReadAsync(Path.Combine(root, $"motorcycle_mpeg4q24_ref_0{frame}.png"));
            VideoFrames theirs = new(1, png.Height, png.Width, clip.Rate, png.Pixels);

            // Luma agrees to rounding; their chroma is replicated and ours interpolated, which differs at coloured edges only.
            Assert.InRange(clip.Slice(frame, 1).PeakSignalToNoise(theirs), 38, 100);
        }
    }

    [Fact]
    public async Task Only_the_wanted_frames_are_read()
    {
        using MemoryStream stream = new();
        await Y4mWriter.WriteAsync(TestClips.Noise(5, 2, 2), stream);
        stream.Position = 0;

        Assert.Equal(2, (await Y4mReader.ReadAsync(stream, "clip.y4m", maximumFrames: 2)).Count);
    }

    private static async Task<VideoFrames> Read(byte[] file)
    {
        using MemoryStream stream = new(file);
        return await Y4mReader.ReadAsync(stream, "clip.y4m");
    }
}
