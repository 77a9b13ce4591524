using Tessera.Serialization;

namespace Tessera.Cli.Output;

/// <summary>
/// A place to write, checked before any work starts, so that a long run does not end in a mistyped folder. Files appear under their name
/// only when they are complete: until then an existing file keeps its contents.
/// </summary>
internal sealed class OutputFile
{
    private OutputFile(string fullPath) => FullPath = fullPath;

    public string FullPath { get; }

    /// <summary>Checks that the file can be written.</summary>
    /// <param name="path">As the user gave it.</param>
    /// <param name="inputs">Files that must not be the same.</param>
    /// <exception cref="CommandException">It cannot; the message says why and what to do.</exception>
    public static OutputFile Open(string path, params IEnumerable<string?> inputs)
    {
        string full = Path.GetFullPath(path);
        if (Directory.Exists(full))
        {
            throw CommandException.BadInput($"output '{path}' is a folder; give a file name inside it.");
        }

        string folder = Path.GetDirectoryName(full) ?? full;
        if (!Directory.Exists(folder))
        {
            throw CommandException.BadInput($"output '{path}' cannot be written: folder '{folder}' does not exist; create it first.");
        }

        if (inputs.FirstOrDefault(input => input is not null && AreSame(input, full)) is { } same)
        {
            throw CommandException.BadInput($"output '{path}' is the input '{same}'; give another name, the input is never overwritten.");
        }

        if (File.Exists(full) && File.GetAttributes(full).HasFlag(FileAttributes.ReadOnly))
        {
            throw CommandException.BadInput($"output '{path}' exists and is read-only; remove it or give another name.");
        }

        Probe(path, folder);
        return new OutputFile(full);
    }

    /// <summary>Writes under a temporary name and renames; on any fault the temporary file is removed and an old file stays.</summary>
    public void Write(Action<Stream> write) => AtomicFile.Write(FullPath, write);

    /// <summary>Writes text as UTF-8.</summary>
    public void Write(string text) => Write(stream =>
    {
        using StreamWriter writer = new(stream, leaveOpen: true);
        writer.Write(text);
    });

    private static bool AreSame(string input, string output)
    {
        StringComparison comparison = OperatingSystem.IsWindows() || OperatingSystem.IsMacOS()
            ? StringComparison.OrdinalIgnoreCase
            : StringComparison.Ordinal;
        return string.Equals(Resolve(input), Resolve(output), comparison);
    }

    private static string Resolve(string path)
    {
        string full = Path.GetFullPath(path);
        return File.Exists(full) ? File.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full : full;
    }

    private static void Probe(string path, string folder)
    {
        string probe = Path.Combine(folder, $".tessera-{Guid.NewGuid():N}.tmp");
        try
        {
            using FileStream stream = new(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw CommandException.BadInput(
                $"output '{path}' cannot be written: folder '{folder}' refuses new files ({exception.Message})", exception);
        }
    }
}
