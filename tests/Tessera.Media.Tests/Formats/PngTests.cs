using System.Buffers.Binary;
using Tessera.Media.Formats;
using Tessera.Media.Frames;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Media.Tests.Formats;

public sealed class PngTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 1, 3)]
    [InlineData(13, 7, 1)]
    [InlineData(7, 13, 3)]
    [InlineData(64, 65, 3)]
    public void Noise_survives_a_round_trip(int height, int width, int channels)
    {
        byte[] pixels = new byte[height * width * channels];
        new Random(5).NextBytes(pixels);

        RasterImage read = PngDecoder.Decode(PngEncoder.Encode(new RasterImage(height, width, channels, pixels)));

        Assert.Equal((height, width, channels), (read.Height, read.Width, read.Channels));
        Assert.Equal(pixels, read.Pixels);
    }

    [Fact]
    public void Smooth_pictures_survive_and_shrink()
    {
        RasterImage image = RasterImage.OfFrame(TestClips.Synthetic(1, 96, 128), 0);

        byte[] file = PngEncoder.Encode(image);

        Assert.Equal(image.Pixels, PngDecoder.Decode(file).Pixels);
        Assert.InRange(file.Length, 1, image.Pixels.Length * 3 / 4);
    }

    [Fact]
    public void The_end_chunk_has_the_published_checksum()
    {
        byte[] file = PngEncoder.Encode(new RasterImage(1, 1, 1, [7]));

        Assert.Equal([0, 0, 0, 0, (byte)'I', (byte)'E', (byte)'N', (byte)'D', 0xAE, 0x42, 0x60, 0x82], file[^12..]);
    }

    [Fact]
    public void Every_flipped_bit_is_noticed()
    {
        byte[] file = PngEncoder.Encode(new RasterImage(2, 3, 3, [.. Enumerable.Range(0, 18).Select(static i => (byte)(i * 11))]));
        for (int bit = 0; bit < file.Length * 8; bit++)
        {
            byte[] damaged = [.. file];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<MediaFormatException>(() => PngDecoder.Decode(damaged));
        }
    }

    [Fact]
    public void Every_truncation_is_noticed_and_names_the_file()
    {
        byte[] file = ApngEncoder.Encode(TestClips.Noise(2, 3, 4));
        for (int length = 0; length < file.Length; length++)
        {
            MediaFormatException fault = Assert.Throws<MediaFormatException>(() => PngDecoder.DecodeFrames(file.AsSpan(0, length), "clip.png"));
            Assert.Contains("clip.png", fault.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_huge_declared_size_is_refused_before_memory_is_taken()
    {
        using MemoryStream file = new();
        file.Write(PngChunks.Signature);
        PngChunks.WriteHeader(file, int.MaxValue, int.MaxValue, 3);
        PngChunks.Write(file, "IDAT"u8, [0x78, 0x9C, 0x03, 0, 0, 0, 0, 1]);
        PngChunks.Write(file, "IEND"u8, []);

        MediaFormatException fault = Assert.Throws<MediaFormatException>(() => PngDecoder.Decode(file.ToArray()));

        Assert.Contains("exceed", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Kinds_that_are_not_read_are_named_with_the_remedy()
    {
        byte[] file = PngEncoder.Encode(new RasterImage(1, 1, 3, [1, 2, 3]));
        file[25] = 6;
        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(29), PngChecksum.Of(file.AsSpan(12, 17)));

        MediaFormatException fault = Assert.Throws<MediaFormatException>(() => PngDecoder.Decode(file));

        Assert.Contains("colour type 6", fault.Message, StringComparison.Ordinal);
        Assert.Contains("ffmpeg", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_clip_survives_as_animation_with_its_rate()
    {
        VideoFrames clip = TestClips.Noise(5, 9, 6, rate: new FrameRate(30000, 1001));

        VideoFrames read = PngDecoder.DecodeFrames(ApngEncoder.Encode(clip));

        Assert.Equal(5, read.Count);
        Assert.Equal(clip.Rate, read.Rate);
        Assert.True(clip.Pixels.SequenceEqual(read.Pixels));
        Assert.True(PngDecoder.Decode(ApngEncoder.Encode(clip)).Pixels.AsSpan().SequenceEqual(clip.Frame(0)));
    }

    [Fact]
    public void Gray_becomes_a_clip_of_one_frame()
    {
        VideoFrames read = PngDecoder.DecodeFrames(PngEncoder.Encode(new RasterImage(1, 2, 1, [10, 200])));

        Assert.Equal([10, 10, 10, 200, 200, 200], read.Pixels.ToArray());
    }

    [DataFact("fidelity/flower_x264crf37_ref_00.png")]
    public async Task Another_encoders_file_is_read()
    {
        RasterImage image = await PngDecoder.ReadAsync(Path.Combine(TestRoots.Data, "fidelity/flower_x264crf37_ref_00.png"));

        Assert.Equal((144, 256, 3), (image.Height, image.Width, image.Channels));
        Assert.Equal(image.Pixels, PngDecoder.Decode(PngEncoder.Encode(image)).Pixels);
    }

    [FfmpegFact]
    public async Task Another_decoder_reads_the_animation()
    {
        using TemporaryFolder folder = new();
        VideoFrames clip = TestClips.Synthetic(4, 34, 46);
        await ApngEncoder.WriteAsync(clip, folder["clip.apng"], plays: 1);

        VideoFrames read = await Media.Ffmpeg.FfmpegClipReader.ReadAsync(folder["clip.apng"]);

        Assert.Equal(4, read.Count);
        Assert.True(clip.Pixels.SequenceEqual(read.Pixels));
        Assert.Equal(["clip.apng"], folder.Files);
    }
}
