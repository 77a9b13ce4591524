using System.Globalization;
using Tessera.Media.Formats;
using Tessera.Media.Frames;

namespace Tessera.Media.Ffmpeg;

/// <summary>Decodes any clip that ffmpeg knows, through a pipe of raw RGB frames; nothing is written to disk.</summary>
public static class FfmpegClipReader
{
    /// <summary>Decodes a clip.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Size, frames and rate; null takes the clip as it is.</param>
    /// <param name="tools">Where ffmpeg is; null searches PATH.</param>
    /// <param name="cancellationToken">Kills ffmpeg.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="FfmpegUnavailableException">ffmpeg is not installed.</exception>
    /// <exception cref="MediaFormatException">The file is no readable video, or holds fewer frames than asked for.</exception>
    public static async Task<VideoFrames> ReadAsync(
        string path, ClipReadOptions? options = null, FfmpegTools? tools = null, CancellationToken cancellationToken = default)
    {
        options ??= new ClipReadOptions();
        options.Validate();
        tools ??= FfmpegTools.Find();
        string url = FfmpegProbe.LocalFile(path);
        string program = tools.RequireFfmpeg($"read '{path}'");
        ClipInformation clip = await FfmpegProbe.ProbeAsync(path, tools, cancellationToken).ConfigureAwait(false);
        (int height, int width) = options.SizeFor(clip.Height, clip.Width);
        FrameCollector frames = new(height, width, $"'{path}'");
        await using FfmpegProcess process = FfmpegProcess.Start(
            program, Arguments(url, options, clip, height, width), writesInput: false, cancellationToken);
        await CollectAsync(process.Output, frames, cancellationToken).ConfigureAwait(false);
        if (await process.WaitAsync(cancellationToken).ConfigureAwait(false) != 0)
        {
            throw new MediaFormatException(
                $"ffmpeg could not decode '{path}': {await process.ReadComplaintsAsync().ConfigureAwait(false)}. Check that it plays: "
                + $"ffplay '{path}'.");
        }

        if (frames.Count < options.FrameCount)
        {
            throw new MediaFormatException(ClipFile.TooFewFrames(path, frames.Count, options, clip.Rate));
        }

        return frames.Finish(options.Rate ?? clip.Rate);
    }

    private static async Task CollectAsync(Stream source, FrameCollector frames, CancellationToken cancellationToken)
    {
        while (true)
        {
            byte[] frame = frames.Add();
            int got = await source.ReadAtLeastAsync(frame, frame.Length, throwOnEndOfStream: false, cancellationToken)
                .ConfigureAwait(false);
            if (got < frame.Length)
            {
                // ffmpeg writes whole frames; a part of one means that it was stopped, which its exit code tells.
                frames.RemoveLast();
                return;
            }
        }
    }

    private static List<string> Arguments(string url, ClipReadOptions options, ClipInformation clip, int height, int width)
    {
        List<string> arguments = ["-nostdin", "-hide_banner", "-v", "error"];
        if (options.Start > TimeSpan.Zero)
        {
            arguments.AddRange(["-ss", options.Start.TotalSeconds.ToString("0.######", CultureInfo.InvariantCulture)]);
        }

        List<string> filters = [];
        // Without a rate to sample at, every decoded frame counts once, whatever its time stamp; ffmpeg would repeat or drop frames else.
        filters.Add(options.Rate is { } rate ? $"fps={rate}" : $"setpts=N*{clip.Rate.Denominator}/{clip.Rate.Numerator}/TB");

        if (height != clip.Height || width != clip.Width)
        {
            filters.Add($"scale=w={width}:h={height}:force_original_aspect_ratio=increase:flags=area");
            filters.Add($"crop={width}:{height}");
        }

        filters.Add("setsar=1");
        arguments.AddRange(["-i", url, "-map", "0:v:0", "-an", "-sn", "-dn", "-vf", string.Join(',', filters)]);
        if (options.FrameCount is { } count)
        {
            arguments.AddRange(["-frames:v", count.ToString(CultureInfo.InvariantCulture)]);
        }

        arguments.AddRange(["-r", (options.Rate ?? clip.Rate).ToString(), "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"]);
        return arguments;
    }
}
