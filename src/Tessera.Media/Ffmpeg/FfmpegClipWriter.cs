using System.Globalization;
using Tessera.Media.Formats;
using Tessera.Media.Frames;

namespace Tessera.Media.Ffmpeg;

/// <summary>Writes a clip as H.264 in MP4 (yuv420p, for every player) through ffmpeg. Odd sizes gain one black row or column.</summary>
public static class FfmpegClipWriter
{
    /// <summary>Writes a file; it appears under its name when it is whole.</summary>
    /// <param name="clip">Frames.</param>
    /// <param name="path">The file; any extension, the container is MP4.</param>
    /// <param name="quality">x264's constant rate factor, 0 (lossless) to 51; 16 looks like the original.</param>
    /// <param name="tools">Where ffmpeg is; null searches PATH.</param>
    /// <param name="cancellationToken">Kills ffmpeg and removes what it wrote.</param>
    /// <exception cref="FfmpegUnavailableException">ffmpeg is not installed.</exception>
    /// <exception cref="IOException">ffmpeg failed; the message carries its words.</exception>
    public static async Task WriteAsync(
        VideoFrames clip, string path, int quality = 16, FfmpegTools? tools = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(clip);
        ArgumentOutOfRangeException.ThrowIfNegative(quality);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, 51);
        string program = (tools ?? FfmpegTools.Find()).RequireFfmpeg($"write '{path}'");
        await FinishedFile.WriteAsync(
            path, (temporary, token) => EncodeAsync(program, clip, path, temporary, quality, token),
            cancellationToken).ConfigureAwait(false);
    }

    private static async Task EncodeAsync(
        string program, VideoFrames clip, string path, string temporary, int quality, CancellationToken cancellationToken)
    {
        List<string> arguments =
        [
            "-hide_banner", "-v", "error", "-y",
            "-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", $"{clip.Width}x{clip.Height}", "-framerate", clip.Rate.ToString(), "-i",
            "pipe:0",
        ];
        if (clip.Width % 2 != 0 || clip.Height % 2 != 0)
        {
            arguments.AddRange(["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2"]);
        }

        arguments.AddRange(
        [
            "-c:v", "libx264", "-crf", quality.ToString(CultureInfo.InvariantCulture), "-pix_fmt", "yuv420p", "-movflags", "+faststart",
            "-f", "mp4", $"file:{temporary}",
        ]);
        await using FfmpegProcess process = FfmpegProcess.Start(program, arguments, writesInput: true, cancellationToken);
        IOException? broken = null;
        try
        {
            for (int frame = 0; frame < clip.Count; frame++)
            {
                await process.Input.WriteAsync(clip.Frame(frame).ToArray(), cancellationToken).ConfigureAwait(false);
            }

            process.Input.Close();
        }
        catch (IOException closed)
        {
            // ffmpeg gave up reading; its exit code and words say why.
            broken = closed;
        }

        if (await process.WaitAsync(cancellationToken).ConfigureAwait(false) != 0 || broken is not null)
        {
            throw new IOException(
                $"ffmpeg could not write '{path}': {await process.ReadComplaintsAsync().ConfigureAwait(false)}. An ffmpeg with libx264 is "
                + "needed; .y4m and .png are written without it.",
                broken);
        }
    }
}
