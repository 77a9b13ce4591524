using Tessera.Media;
using Tessera.Media.Ffmpeg;
using Tessera.Media.Frames;
using Tessera.Serialization;
using Tessera.Wan.Autoencoder;

namespace Tessera.Wan.Pipeline;

/// <summary>A finished generation.</summary>
/// <param name="Frames">The video.</param>
/// <param name="Latent">The latent it was decoded from, [16, T, h, w], normalised as the transformer sees it.</param>
/// <param name="Shape">Shape of the latent.</param>
/// <param name="Record">What was asked for, and how it went.</param>
public sealed record GenerationResult(VideoFrames Frames, IReadOnlyList<float> Latent, LatentShape Shape, GenerationRecord Record)
{
    /// <summary>Where the record of a video is written.</summary>
    public static string RecordPath(string videoPath) => $"{videoPath}.json";

    /// <summary>
    /// Writes the video and, beside it, its record: <c>.png</c> (one frame is a picture, more are animated), <c>.apng</c> and
    /// <c>.y4m</c> need nothing, all else is MP4 through ffmpeg. Files appear under their names when they are whole.
    /// </summary>
    /// <param name="path">File of the video; the record is <c>path.json</c>.</param>
    /// <param name="cancellationToken">Stops writing; an old file stays as it was.</param>
    /// <exception cref="FfmpegUnavailableException">The format needs ffmpeg, which is not installed.</exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public async Task SaveAsync(string path, CancellationToken cancellationToken = default)
    {
        await ClipFile.WriteAsync(Frames, path, cancellationToken: cancellationToken).ConfigureAwait(false);
        AtomicFile.Write(RecordPath(path), stream =>
        {
            using StreamWriter writer = new(stream, leaveOpen: true);
            writer.WriteLine(Record.ToJson());
        });
    }
}
