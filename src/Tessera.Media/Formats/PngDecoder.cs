using System.Buffers.Binary;
using Tessera.Media.Frames;

namespace Tessera.Media.Formats;

/// <summary>
/// Reads 8-bit gray and RGB PNG files, and animated ones whose frames cover the canvas (what <see cref="ApngEncoder"/> writes). Every
/// checksum is verified, and no more memory is taken than the header declares.
/// </summary>
public static class PngDecoder
{
    /// <summary>Most bytes of one decoded picture.</summary>
    public const long MaximumBytes = 1L << 30;

    /// <summary>Reads a picture; of an animation, its first frame.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="name">What errors call it.</param>
    /// <exception cref="MediaFormatException">The file is damaged or of a kind not read here.</exception>
    public static RasterImage Decode(ReadOnlySpan<byte> file, string name = "PNG data")
    {
        PngContent content = PngContent.Parse(file, name);
        return new RasterImage(content.Height, content.Width, content.Channels, content.DecodeFrame(0));
    }

    /// <summary>Reads all frames; a still picture is a clip of one frame. Gray becomes RGB.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="name">What errors call it.</param>
    /// <exception cref="MediaFormatException">The file is damaged or of a kind not read here.</exception>
    public static VideoFrames DecodeFrames(ReadOnlySpan<byte> file, string name = "PNG data")
    {
        PngContent content = PngContent.Parse(file, name);
        VideoFrames clip = new(content.FrameCount, content.Height, content.Width, content.Rate);
        for (int frame = 0; frame < content.FrameCount; frame++)
        {
            byte[] pixels = content.DecodeFrame(frame);
            Span<byte> target = clip.Frame(frame);
            if (content.Channels == VideoFrames.Channels)
            {
                pixels.CopyTo(target);
                continue;
            }

            for (int i = 0; i < pixels.Length; i++)
            {
                target.Slice(i * VideoFrames.Channels, VideoFrames.Channels).Fill(pixels[i]);
            }
        }

        return clip;
    }

    /// <summary>Reads a picture from a file.</summary>
    /// <exception cref="MediaFormatException">The file is damaged or of a kind not read here.</exception>
    public static async Task<RasterImage> ReadAsync(string path, CancellationToken cancellationToken = default) =>
        Decode(await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false), path);

    /// <summary>Reads all frames from a file.</summary>
    /// <exception cref="MediaFormatException">The file is damaged or of a kind not read here.</exception>
    public static async Task<VideoFrames> ReadFramesAsync(string path, CancellationToken cancellationToken = default) =>
        DecodeFrames(await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false), path);

    /// <summary>Chunks of a file, sorted out: sizes, and the compressed bytes of each frame.</summary>
    private sealed class PngContent
    {
        private readonly string _name;
        private readonly List<MemoryStream> _frames = [];
        private int _sequence;
        private int _declaredFrames;
        private bool _ended;

        private PngContent(string name) => _name = name;

        public int Height { get; private set; }

        public int Width { get; private set; }

        public int Channels { get; private set; }

        public FrameRate Rate { get; private set; } = FrameRate.Default;

        public int FrameCount => _frames.Count;

        public static PngContent Parse(ReadOnlySpan<byte> file, string name)
        {
            PngContent content = new(name);
            if (!file.StartsWith(PngChunks.Signature))
            {
                throw content.Fault("it does not begin with the PNG signature");
            }

            int at = PngChunks.Signature.Length;
            while (!content._ended)
            {
                if (file.Length - at < 12)
                {
                    throw content.Fault($"it ends at byte {file.Length} without an IEND chunk; it is truncated");
                }

                uint length = BinaryPrimitives.ReadUInt32BigEndian(file[at..]);
                if (length > file.Length - at - 12)
                {
                    throw content.Fault(
                        $"the chunk at byte {at} declares {length} bytes, but {file.Length - at - 12} are left; it is truncated");
                }

                ReadOnlySpan<byte> body = file.Slice(at + 4, (int)length + 4);
                uint checksum = BinaryPrimitives.ReadUInt32BigEndian(file[(at + 8 + (int)length)..]);
                if (checksum != PngChecksum.Of(body))
                {
                    throw content.Fault($"the chunk at byte {at} has checksum {checksum:x8}; its bytes give {PngChecksum.Of(body):x8}");
                }

                content.Take(body[..4], body[4..], at);
                at += (int)length + 12;
            }

            if (content._frames.Count == 0 || (content._declaredFrames > 0 && content._declaredFrames != content._frames.Count))
            {
                throw content.Fault($"it holds {content._frames.Count} frames; its header declares {Math.Max(1, content._declaredFrames)}");
            }

            return content;
        }

        public byte[] DecodeFrame(int frame)
        {
            _frames[frame].Position = 0;
            return PngFilters.Decompress(
                _frames[frame], Height, Width * Channels, Channels, FrameCount == 1 ? _name : $"{_name}, frame {frame}");
        }

        private void Take(ReadOnlySpan<byte> type, ReadOnlySpan<byte> data, int at)
        {
            if (Height == 0 != type.SequenceEqual("IHDR"u8))
            {
                throw Fault(Height == 0 ? "its first chunk is not IHDR" : "it holds two IHDR chunks");
            }

            switch (System.Text.Encoding.ASCII.GetString(type))
            {
                case "IHDR":
                    TakeHeader(data);
                    break;
                case "acTL":
                    Require(data.Length == 8, "acTL needs 8 bytes");
                    _declaredFrames = BinaryPrimitives.ReadInt32BigEndian(data);
                    Require(_declaredFrames > 0, "acTL declares no frames");
                    break;
                case "fcTL":
                    TakeFrameControl(data);
                    break;
                case "IDAT":
                    if (_frames.Count == 0)
                    {
                        Require(_declaredFrames == 0, "the still picture is no frame of the animation, which is not read here");
                        _frames.Add(new MemoryStream());
                    }

                    Require(_frames.Count == 1, "IDAT stands behind a later frame");
                    _frames[0].Write(data);
                    break;
                case "fdAT":
                    Require(
                        data.Length >= 4 && BinaryPrimitives.ReadInt32BigEndian(data) == _sequence++,
                        $"the fdAT chunk at byte {at} is out of sequence");
                    Require(_frames.Count > 1, "fdAT stands before its frame control");
                    _frames[^1].Write(data[4..]);
                    break;
                case "IEND":
                    _ended = true;
                    break;
                default:
                    Require(
                        (type[0] & 0x20) != 0, $"it needs the chunk {System.Text.Encoding.ASCII.GetString(type)}, which is not read here");
                    break;
            }
        }

        private void TakeHeader(ReadOnlySpan<byte> data)
        {
            Require(data.Length == 13, "IHDR needs 13 bytes");
            int width = BinaryPrimitives.ReadInt32BigEndian(data);
            int height = BinaryPrimitives.ReadInt32BigEndian(data[4..]);
            Require(width > 0 && height > 0, $"its size is {height} x {width}");
            Require(
                data[8] == 8 && data[9] is 0 or 2 && data[10] == 0 && data[11] == 0 && data[12] == 0,
                $"it has bit depth {data[8]}, colour type {data[9]}, interlace {data[12]}; only 8-bit gray and RGB without interlace are "
                + "read (convert with: ffmpeg -i in.png -pix_fmt rgb24 out.png)");
            Channels = data[9] == 0 ? 1 : 3;
            Require((Int128)width * height * Channels <= MaximumBytes, $"{height} x {width} pixels exceed {MaximumBytes} bytes");
            Width = width;
            Height = height;
        }

        private void TakeFrameControl(ReadOnlySpan<byte> data)
        {
            Require(data.Length == 26, "fcTL needs 26 bytes");
            Require(BinaryPrimitives.ReadInt32BigEndian(data) == _sequence++, "its frame controls are out of sequence");
            Require(
                BinaryPrimitives.ReadInt32BigEndian(data[4..]) == Width && BinaryPrimitives.ReadInt32BigEndian(data[8..]) == Height,
                "a frame covers only a part of the canvas, which is not read here (convert with: ffmpeg -i in.png out.y4m)");
            int denominator = BinaryPrimitives.ReadUInt16BigEndian(data[20..]);
            int numerator = BinaryPrimitives.ReadUInt16BigEndian(data[22..]);
            if (_frames.Count == 0 && denominator > 0)
            {
                Rate = new FrameRate(numerator == 0 ? 100 : numerator, denominator);
            }

            _frames.Add(new MemoryStream());
        }

        private void Require(bool condition, string fault)
        {
            if (!condition)
            {
                throw Fault(fault);
            }
        }

        private MediaFormatException Fault(string fault) => new($"{_name} is not a PNG file that can be read: {fault}.");
    }
}
