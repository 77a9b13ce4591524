using System.Text;
using Tessera.Media.Frames;

namespace Tessera.Media.Formats;

/// <summary>
/// Reads YUV4MPEG2, the uncompressed clips that ffmpeg, x264 and aomenc exchange, without any decoder: 8-bit 4:2:0, 4:2:2, 4:4:4 and gray,
/// BT.601. Chroma is interpolated linearly at the positions that the file declares.
/// </summary>
public static class Y4mReader
{
    private const int LongestLine = 1024;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maximumFrames">Frames to read at most; null reads all.</param>
    /// <param name="cancellationToken">Polled once a frame.</param>
    /// <exception cref="MediaFormatException">The file is damaged or of a kind not read here.</exception>
    public static async Task<VideoFrames> ReadAsync(string path, int? maximumFrames = null, CancellationToken cancellationToken = default)
    {
        await using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, useAsync: true);
        return await ReadAsync(file, path, maximumFrames, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads a stream to its end or to the wanted number of frames.</summary>
    /// <param name="source">The stream.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="maximumFrames">Frames to read at most; null reads all.</param>
    /// <param name="cancellationToken">Polled once a frame.</param>
    /// <exception cref="MediaFormatException">The data is damaged or of a kind not read here.</exception>
    public static async Task<VideoFrames> ReadAsync(
        Stream source, string name, int? maximumFrames = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        Y4mHeader header = Y4mHeader.Parse(
            await ReadLineAsync(source, name, cancellationToken).ConfigureAwait(false) ?? string.Empty, name);
        Y4mFrameConverter converter = new(header);
        byte[] planes = new byte[header.FrameBytes];
        FrameCollector frames = new(header.Height, header.Width, name);
        while ((maximumFrames is null || frames.Count < maximumFrames)
            && await ReadLineAsync(source, name, cancellationToken).ConfigureAwait(false) is { } line)
        {
            if (!line.StartsWith("FRAME", StringComparison.Ordinal))
            {
                throw new MediaFormatException($"{name}: frame {frames.Count} does not begin with FRAME; the file is damaged.");
            }

            int got = await source.ReadAtLeastAsync(planes, planes.Length, throwOnEndOfStream: false, cancellationToken)
                .ConfigureAwait(false);
            if (got != planes.Length)
            {
                throw new MediaFormatException(
                    $"{name}: frame {frames.Count} ends after {got} of {planes.Length} bytes; the file is truncated.");
            }

            converter.ToRgb(planes, frames.Add());
        }

        return frames.Finish(header.Rate);
    }

    private static async Task<string?> ReadLineAsync(Stream source, string name, CancellationToken cancellationToken)
    {
        byte[] line = new byte[LongestLine];
        for (int length = 0; length < line.Length; length++)
        {
            if (await source.ReadAtLeastAsync(line.AsMemory(length, 1), 1, throwOnEndOfStream: false, cancellationToken)
                .ConfigureAwait(false) == 0)
            {
                return length == 0 ? null : throw new MediaFormatException($"{name}: it ends within a header line; the file is truncated.");
            }

            if (line[length] == (byte)'\n')
            {
                return Encoding.ASCII.GetString(line, 0, length);
            }
        }

        throw new MediaFormatException($"{name} is not a Y4M file: a header line exceeds {LongestLine} bytes.");
    }
}
