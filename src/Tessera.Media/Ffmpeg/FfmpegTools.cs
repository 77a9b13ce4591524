namespace Tessera.Media.Ffmpeg;

/// <summary>Where ffmpeg and ffprobe are, if they are. They are optional: Y4M and PNG files and synthetic clips need neither.</summary>
public sealed record FfmpegTools
{
    /// <summary>Path of ffmpeg; null when it is not installed.</summary>
    public string? Ffmpeg { get; init; }

    /// <summary>Path of ffprobe; null when it is not installed.</summary>
    public string? Ffprobe { get; init; }

    /// <summary>Whether both programs are there.</summary>
    public bool IsAvailable => Ffmpeg is not null && Ffprobe is not null;

    /// <summary>Looks for the programs.</summary>
    /// <param name="folder">Folder to look in; null searches the folders of PATH.</param>
    public static FfmpegTools Find(string? folder = null)
    {
        string[] folders = folder is not null
            ? [folder]
            : (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(
                Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return new FfmpegTools { Ffmpeg = FindIn(folders, "ffmpeg"), Ffprobe = FindIn(folders, "ffprobe") };
    }

    /// <summary>
    /// First line of <c>ffmpeg -version</c>, for example <c>ffmpeg version 5.1.6</c>; null when it is not installed or does not run.
    /// </summary>
    public async Task<string?> ReadVersionAsync(CancellationToken cancellationToken = default)
    {
        if (Ffmpeg is null)
        {
            return null;
        }

        try
        {
            await using FfmpegProcess process = FfmpegProcess.Start(
                Ffmpeg, ["-hide_banner", "-version"], writesInput: false, cancellationToken);
            using StreamReader reader = new(process.Output);
            string text = await reader.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
            int exit = await process.WaitAsync(cancellationToken).ConfigureAwait(false);
            string line = text.Split('\n')[0];
            int copyright = line.IndexOf(" Copyright", StringComparison.Ordinal);
            return exit != 0 ? null : copyright > 0 ? line[..copyright] : line.Trim();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    /// <summary>Path of ffmpeg.</summary>
    /// <exception cref="FfmpegUnavailableException">It is not installed.</exception>
    internal string RequireFfmpeg(string purpose) => Ffmpeg ?? throw Missing("ffmpeg", purpose);

    /// <summary>Path of ffprobe.</summary>
    /// <exception cref="FfmpegUnavailableException">It is not installed.</exception>
    internal string RequireFfprobe(string purpose) => Ffprobe ?? throw Missing("ffprobe", purpose);

    private static FfmpegUnavailableException Missing(string program, string purpose) => new(
        $"{program} is needed to {purpose}, and was not found on PATH. Install ffmpeg (Debian, Ubuntu: apt install ffmpeg; Fedora: dnf "
        + "install ffmpeg; macOS: brew install ffmpeg; Windows: winget install ffmpeg). Without it, .y4m and .png files are read and "
        + "written, and a synthetic clip needs no file at all.");

    private static string? FindIn(string[] folders, string program)
    {
        string file = OperatingSystem.IsWindows() ? $"{program}.exe" : program;
        return folders.Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists);
    }
}
