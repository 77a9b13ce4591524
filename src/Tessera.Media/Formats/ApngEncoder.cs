using System.Buffers.Binary;
using System.IO.Compression;
using Tessera.Media.Frames;

namespace Tessera.Media.Formats;

/// <summary>
/// Writes a clip as animated PNG (PNG specification, third edition, section 11.3.6): lossless, shown by every browser, endless by default.
/// Programs that know only PNG show the first frame.
/// </summary>
public static class ApngEncoder
{
    /// <summary>The file of a clip.</summary>
    /// <param name="clip">Frames.</param>
    /// <param name="plays">Repetitions; 0 repeats for ever.</param>
    /// <exception cref="ArgumentOutOfRangeException">Repetitions are negative, or a part of the frame rate exceeds 65535 and cannot be
    /// reduced.</exception>
    public static byte[] Encode(VideoFrames clip, int plays = 0)
    {
        ArgumentNullException.ThrowIfNull(clip);
        ArgumentOutOfRangeException.ThrowIfNegative(plays);
        using MemoryStream file = new();
        file.Write(PngChunks.Signature);
        PngChunks.WriteHeader(file, clip.Height, clip.Width, VideoFrames.Channels);
        Span<byte> animation = stackalloc byte[8];
        BinaryPrimitives.WriteInt32BigEndian(animation, clip.Count);
        BinaryPrimitives.WriteInt32BigEndian(animation[4..], plays);
        PngChunks.Write(file, "acTL"u8, animation);
        int sequence = 0;
        for (int frame = 0; frame < clip.Count; frame++)
        {
            WriteFrameControl(file, clip, sequence++);
            byte[] data = PngFilters.Compress(
                clip.Frame(frame), clip.Height, clip.Width * VideoFrames.Channels, VideoFrames.Channels, CompressionLevel.Optimal);
            if (frame == 0)
            {
                PngChunks.Write(file, "IDAT"u8, data);
                continue;
            }

            byte[] numbered = new byte[data.Length + 4];
            BinaryPrimitives.WriteInt32BigEndian(numbered, sequence++);
            data.CopyTo(numbered, 4);
            PngChunks.Write(file, "fdAT"u8, numbered);
        }

        PngChunks.Write(file, "IEND"u8, []);
        return file.ToArray();
    }

    /// <summary>Writes the file of a clip; it appears under its name when it is whole.</summary>
    public static Task WriteAsync(VideoFrames clip, string path, int plays = 0, CancellationToken cancellationToken = default) =>
        FinishedFile.WriteAsync(path, Encode(clip, plays), cancellationToken);

    private static void WriteFrameControl(MemoryStream file, VideoFrames clip, int sequence)
    {
        if (clip.Rate.Numerator > ushort.MaxValue || clip.Rate.Denominator > ushort.MaxValue)
        {
            throw new ArgumentOutOfRangeException(nameof(clip), clip.Rate, "Animated PNG holds frame rates whose parts are at most 65535.");
        }

        // Full-canvas frames that replace what was there: dispose none, blend source.
        Span<byte> control = stackalloc byte[26];
        control.Clear();
        BinaryPrimitives.WriteInt32BigEndian(control, sequence);
        BinaryPrimitives.WriteInt32BigEndian(control[4..], clip.Width);
        BinaryPrimitives.WriteInt32BigEndian(control[8..], clip.Height);
        BinaryPrimitives.WriteUInt16BigEndian(control[20..], (ushort)clip.Rate.Denominator);
        BinaryPrimitives.WriteUInt16BigEndian(control[22..], (ushort)clip.Rate.Numerator);
        PngChunks.Write(file, "fcTL"u8, control);
    }
}
