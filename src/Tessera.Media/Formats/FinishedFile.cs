namespace Tessera.Media.Formats;

/// <summary>Files that appear under their name only when they are whole: written beside it under a temporary name, then renamed.</summary>
internal static class FinishedFile
{
    /// <summary>Writes bytes.</summary>
    public static Task WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        WriteAsync(
            path, async (temporary, token) => await File.WriteAllBytesAsync(temporary, content, token).ConfigureAwait(false),
            cancellationToken);

    /// <summary>
    /// Lets <paramref name="write"/> fill a temporary file, then renames it over <paramref name="path"/>. A failure leaves the old file as
    /// it was.
    /// </summary>
    public static async Task WriteAsync(string path, Func<string, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string full = Path.GetFullPath(path);
        string temporary = $"{full}.{Guid.NewGuid():n}.partial";
        try
        {
            await write(temporary, cancellationToken).ConfigureAwait(false);
            File.Move(temporary, full, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
