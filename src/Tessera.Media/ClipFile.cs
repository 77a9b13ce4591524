using Tessera.Media.Ffmpeg;
using Tessera.Media.Formats;
using Tessera.Media.Frames;

namespace Tessera.Media;

/// <summary>
/// Reads and writes clips by the extension of their name: .y4m and .png (also animated) need nothing, all else goes through ffmpeg.
/// </summary>
public static class ClipFile
{
    /// <summary>Reads a clip.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Size, frames and rate; null takes the clip as it is.</param>
    /// <param name="tools">Where ffmpeg is; null searches PATH.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="FfmpegUnavailableException">The file needs ffmpeg, which is not installed.</exception>
    /// <exception cref="MediaFormatException">The file is damaged, no video, or holds fewer frames than asked for.</exception>
    public static async Task<VideoFrames> ReadAsync(
        string path, ClipReadOptions? options = null, FfmpegTools? tools = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new ClipReadOptions();
        options.Validate();
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"There is no clip '{path}'; looked at {Path.GetFullPath(path)}.", path);
        }

        switch (Path.GetExtension(path).ToUpperInvariant())
        {
            case ".Y4M":
                bool plain = options.Rate is null && options.Start == TimeSpan.Zero;
                return Select(
                    await Y4mReader.ReadAsync(path, plain ? options.FrameCount : null, cancellationToken).ConfigureAwait(false),
                    options, path);
            case ".PNG" or ".APNG":
                return Select(await PngDecoder.ReadFramesAsync(path, cancellationToken).ConfigureAwait(false), options, path);
            default:
                return await FfmpegClipReader.ReadAsync(path, options, tools, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Checks that <see cref="WriteAsync"/> can write a file of that name here, before long work makes its frames.</summary>
    /// <param name="path">The file; only its extension is looked at.</param>
    /// <param name="tools">Where ffmpeg is; null searches PATH.</param>
    /// <exception cref="FfmpegUnavailableException">The format needs ffmpeg, which is not installed.</exception>
    public static void RequireWriter(string path, FfmpegTools? tools = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Path.GetExtension(path).ToUpperInvariant() is not (".Y4M" or ".PNG" or ".APNG"))
        {
            _ = (tools ?? FfmpegTools.Find()).RequireFfmpeg($"write '{path}'");
        }
    }

    /// <summary>
    /// Writes a clip: .y4m, .apng or .png (animated unless it is one frame), else MP4 through ffmpeg. The file appears under its name when
    /// it is whole.
    /// </summary>
    /// <exception cref="FfmpegUnavailableException">The format needs ffmpeg, which is not installed.</exception>
    /// <exception cref="IOException">Writing failed.</exception>
    public static Task WriteAsync(VideoFrames clip, string path, FfmpegTools? tools = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(clip);
        return Path.GetExtension(path).ToUpperInvariant() switch
        {
            ".Y4M" => Y4mWriter.WriteAsync(clip, path, cancellationToken),
            ".PNG" when clip.Count == 1 => PngEncoder.WriteAsync(
                new RasterImage(clip.Height, clip.Width, VideoFrames.Channels, clip.Pixels.ToArray()), path, cancellationToken),
            ".PNG" or ".APNG" => ApngEncoder.WriteAsync(clip, path, cancellationToken: cancellationToken),
            _ => FfmpegClipWriter.WriteAsync(clip, path, tools: tools, cancellationToken: cancellationToken),
        };
    }

    internal static string TooFewFrames(string path, int got, ClipReadOptions options, FrameRate rate) =>
        $"'{path}' holds {got} frames from {options.Start.TotalSeconds:0.###} s on at {options.Rate ?? rate} per second; "
        + $"{options.FrameCount} were asked for. Ask for at most {got}, start earlier, or sample at a higher rate.";

    /// <summary>What the options ask of a clip already in memory. Frame k of the result is the one shown at time k / rate.</summary>
    private static VideoFrames Select(VideoFrames clip, ClipReadOptions options, string path)
    {
        double step = options.Rate is { } rate ? clip.Rate.FramesPerSecond / rate.FramesPerSecond : 1;
        double first = options.Start.TotalSeconds * clip.Rate.FramesPerSecond;
        List<int> indices = [];
        for (int k = 0; k < (options.FrameCount ?? int.MaxValue); k++)
        {
            // The small push keeps exact multiples from falling to the frame before.
            double index = Math.Floor(first + (k * step) + 1e-6);
            if (index >= clip.Count)
            {
                break;
            }

            indices.Add((int)index);
        }

        if (indices.Count == 0 || indices.Count < options.FrameCount)
        {
            throw new MediaFormatException(TooFewFrames(path, indices.Count, options, clip.Rate));
        }

        VideoFrames selected = new(indices.Count, clip.Height, clip.Width, options.Rate ?? clip.Rate);
        for (int k = 0; k < indices.Count; k++)
        {
            clip.Frame(indices[k]).CopyTo(selected.Frame(k));
        }

        (int height, int width) = options.SizeFor(clip.Height, clip.Width);
        return (height, width) == (clip.Height, clip.Width) ? selected : selected.Fill(height, width);
    }
}
