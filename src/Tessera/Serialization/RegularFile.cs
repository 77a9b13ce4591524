namespace Tessera.Serialization;

/// <summary>
/// Opens files that somebody else wrote. What is no plain file is refused before it is opened: a pipe would wait for a writer for ever, a
/// device has no end.
/// </summary>
public static class RegularFile
{
    // What git leaves in place of a large file that was not fetched.
    private static ReadOnlySpan<byte> PointerStart => "version https://git-lfs.github.com/spec/"u8;

    private const int LongestPointer = 1024;

    /// <summary>Opens a file for reading without a buffer.</summary>
    /// <exception cref="TensorFormatException">It is a folder, a device, a pipe, empty, or a pointer of Git LFS.</exception>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static FileStream OpenRead(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path))
        {
            throw new TensorFormatException($"{path}: this is a folder, not a file.");
        }

        FileInfo link = new(path);
        FileInfo file = (FileInfo)(link.Exists ? link.ResolveLinkTarget(returnFinalTarget: true) ?? link : link);
        if (file.Exists && file.Length == 0)
        {
            throw new TensorFormatException($"{path}: the file is empty, or no plain file.");
        }

        FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1);
        try
        {
            RefusePointer(stream, path);
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Reads a whole file that must be small.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maximumLength">Most bytes that are read.</param>
    /// <param name="what">What it should be, for the message.</param>
    /// <exception cref="TensorFormatException">It is too large, or refused by <see cref="OpenRead"/>.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static byte[] ReadAll(string path, int maximumLength, string what)
    {
        using FileStream stream = OpenRead(path);
        long length = stream.Length;
        if (length > maximumLength)
        {
            throw new TensorFormatException($"{path}: {length} bytes are too many for {what}; at most {maximumLength} are read.");
        }

        byte[] bytes = new byte[length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static void RefusePointer(FileStream stream, string path)
    {
        if (stream.Length > LongestPointer)
        {
            return;
        }

        Span<byte> start = stackalloc byte[PointerStart.Length];
        if (stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && start.SequenceEqual(PointerStart))
        {
            throw new TensorFormatException($"{path}: this is a pointer of Git LFS, not the file itself; fetch it with git lfs pull.");
        }

        stream.Position = 0;
    }
}
