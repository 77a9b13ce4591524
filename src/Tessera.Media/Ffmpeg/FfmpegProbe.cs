using System.Globalization;
using System.Text.Json;
using Tessera.Media.Formats;
using Tessera.Media.Frames;

namespace Tessera.Media.Ffmpeg;

/// <summary>Asks ffprobe what a file holds.</summary>
public static class FfmpegProbe
{
    private const string Entries =
        "stream=width,height,r_frame_rate,avg_frame_rate,nb_frames,duration,codec_name,pix_fmt:"
        + "stream_tags=rotate:stream_side_data=rotation:format=duration";

    /// <summary>Probes the first video stream.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tools">Where ffprobe is; null searches PATH.</param>
    /// <param name="cancellationToken">Kills ffprobe.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="FfmpegUnavailableException">ffprobe is not installed.</exception>
    /// <exception cref="MediaFormatException">The file holds no video that ffprobe understands.</exception>
    public static async Task<ClipInformation> ProbeAsync(
        string path, FfmpegTools? tools = null, CancellationToken cancellationToken = default)
    {
        string url = LocalFile(path);
        string program = (tools ?? FfmpegTools.Find()).RequireFfprobe($"read '{path}'");
        string[] arguments = ["-v", "error", "-select_streams", "v:0", "-show_entries", Entries, "-of", "json", url];
        await using FfmpegProcess process = FfmpegProcess.Start(program, arguments, writesInput: false, cancellationToken);
        using StreamReader reader = new(process.Output);
        string json = await reader.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        if (await process.WaitAsync(cancellationToken).ConfigureAwait(false) != 0)
        {
            throw new MediaFormatException(
                $"'{path}' cannot be read as a video: {await process.ReadComplaintsAsync().ConfigureAwait(false)}. Check that it plays: "
                + $"ffplay '{path}'.");
        }

        return Parse(json, path);
    }

    /// <summary>An input argument that ffmpeg takes for a local file whatever its name is ("-", "concat:…", "http:…").</summary>
    internal static string LocalFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string full = Path.GetFullPath(path);
        return File.Exists(full) ? $"file:{full}" : throw new FileNotFoundException($"There is no clip '{path}'; looked at {full}.", full);
    }

    private static ClipInformation Parse(string json, string path)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        if (!document.RootElement.TryGetProperty("streams", out JsonElement streams) || streams.GetArrayLength() == 0)
        {
            throw new MediaFormatException($"'{path}' holds no video stream.");
        }

        JsonElement stream = streams[0];
        int height = Number(stream, "height");
        int width = Number(stream, "width");
        if (height < 1 || width < 1)
        {
            throw new MediaFormatException($"'{path}': its video stream has no size; the file may be damaged.");
        }

        bool turned = Math.Abs(Rotation(stream)) % 180 == 90;
        FrameRate rate = FrameRate.TryParse(Text(stream, "avg_frame_rate"), out FrameRate average) ? average
            : FrameRate.TryParse(Text(stream, "r_frame_rate"), out FrameRate declared) ? declared : FrameRate.Default;
        string? seconds = Text(stream, "duration")
            ?? (document.RootElement.TryGetProperty("format", out JsonElement format) ? Text(format, "duration") : null);
        return new ClipInformation(
            turned ? width : height,
            turned ? height : width,
            rate,
            int.TryParse(Text(stream, "nb_frames"), NumberStyles.None, CultureInfo.InvariantCulture, out int frames) ? frames : null,
            double.TryParse(seconds, NumberStyles.Float, CultureInfo.InvariantCulture, out double duration)
                ? TimeSpan.FromSeconds(duration)
                : null,
            Text(stream, "codec_name") ?? "unknown",
            Text(stream, "pix_fmt") ?? "unknown");
    }

    private static int Rotation(JsonElement stream)
    {
        if (stream.TryGetProperty("side_data_list", out JsonElement list))
        {
            foreach (JsonElement data in list.EnumerateArray().Where(static data => data.TryGetProperty("rotation", out _)))
            {
                return Number(data, "rotation");
            }
        }

        return stream.TryGetProperty("tags", out JsonElement tags)
                && int.TryParse(Text(tags, "rotate"), CultureInfo.InvariantCulture, out int rotate)
            ? rotate
            : 0;
    }

    private static int Number(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number)
            ? number
            : 0;

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
