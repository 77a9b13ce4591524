namespace Tessera.Serialization;

/// <summary>
/// Writes a file so that a reader sees the old content or the new, never a part: a temporary name in the same folder, then a rename.
/// </summary>
public static class AtomicFile
{
    private const string Extension = ".tmp";
    private const int IdLength = 32;

    /// <summary>Writes and replaces. When anything fails, a file of that name stays as it was and the temporary file is removed.</summary>
    /// <param name="path">Target; replaced when it exists.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">The folder or the target cannot be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        string full = Path.GetFullPath(path);
        string temporary = Path.Combine(Path.GetDirectoryName(full) ?? ".", $"{PrefixOf(full)}{Guid.NewGuid():N}{Extension}");
        try
        {
            using (FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, full, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>
    /// Removes temporary files that processes left behind which were killed while they wrote this file. Call it only where no other process
    /// can be writing it.
    /// </summary>
    /// <param name="path">Target of <see cref="Write"/>.</param>
    /// <returns>How many there were.</returns>
    public static int DeleteUnfinished(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string full = Path.GetFullPath(path);
        string prefix = PrefixOf(full);
        string folder = Path.GetDirectoryName(full) ?? ".";
        string[] unfinished = Directory.Exists(folder)
            ? [.. Directory.EnumerateFiles(folder, $".*{Extension}").Where(file => IsUnfinished(Path.GetFileName(file), prefix))]
            : [];
        Array.ForEach(unfinished, File.Delete);
        return unfinished.Length;
    }

    private static string PrefixOf(string full) => $".{Path.GetFileName(full)}.";

    private static bool IsUnfinished(string name, string prefix) =>
        name.Length == prefix.Length + IdLength + Extension.Length
        && name.StartsWith(prefix, StringComparison.Ordinal) && name.EndsWith(Extension, StringComparison.Ordinal)
        && Guid.TryParseExact(name.AsSpan(prefix.Length, IdLength), "N", out _);
}
