using System.Buffers;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Tessera.Serialization;

/// <summary>
/// Bytes that stay at one address until disposal: a memory-mapped file, or memory that is pinned. Everything read from it is bounds-checked
/// here; after disposal every access is an <see cref="ObjectDisposedException"/>.
/// </summary>
internal sealed unsafe partial class FileRegion : IDisposable
{
    private readonly IDisposable[] _owners;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly byte* _start;
    private byte[]? _copy;
    private volatile bool _closed;

    private FileRegion(byte* start, long length, string source, MemoryMappedViewAccessor? view, params IDisposable[] owners)
    {
        if (!BitConverter.IsLittleEndian)
        {
            throw new PlatformNotSupportedException("Tensor files are little-endian; this machine is not.");
        }

        _start = start;
        _view = view;
        _owners = owners;
        Length = length;
        Source = source;
    }

    /// <summary>Bytes.</summary>
    public long Length { get; }

    /// <summary>Path or name, for messages.</summary>
    public string Source { get; }

    /// <summary>Maps a whole file.</summary>
    /// <exception cref="TensorFormatException">It is empty, or no plain file.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static FileRegion Map(string path)
    {
        using FileStream stream = RegularFile.OpenRead(path);
        long length = stream.Length;

        MemoryMappedFile file = MemoryMappedFile.CreateFromFile(
            stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        try
        {
            MemoryMappedViewAccessor view = file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
            byte* start = null;
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
            return new FileRegion(start + view.PointerOffset, length, path, view, view, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Pins memory, which must not change until disposal.</summary>
    public static FileRegion Pin(ReadOnlyMemory<byte> content, string source)
    {
        MemoryHandle handle = content.Pin();
        return new FileRegion((byte*)handle.Pointer, content.Length, source, null, handle);
    }

    /// <summary>Copies bytes; disposal only forgets them.</summary>
    public static FileRegion Copy(ReadOnlySpan<byte> content, string source)
    {
        byte[] bytes = content.ToArray();
        return new FileRegion(null, bytes.Length, source, null) { _copy = bytes };
    }

    /// <summary>A part as a span, valid until disposal.</summary>
    /// <exception cref="ObjectDisposedException">The region is closed.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The part exceeds the region.</exception>
    public ReadOnlySpan<byte> Slice(long offset, int length)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        if (offset < 0 || length < 0 || offset > Length - length)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"{length} bytes from {offset} exceed the {Length} of {Source}.");
        }

        return _copy is { } copy ? copy.AsSpan((int)offset, length) : new ReadOnlySpan<byte>(_start + offset, length);
    }

    /// <summary>Tells the operating system how a part of a mapped file will be used; only Linux listens.</summary>
    /// <remarks>Parts are widened to whole pages when they will be needed and narrowed to whole pages when they are released.</remarks>
    public void Advise(long offset, long length, MemoryAdvice advice)
    {
        if (_view is null || _closed || !OperatingSystem.IsLinux())
        {
            return;
        }

        nint page = Environment.SystemPageSize;
        nint start = (nint)(_start + offset);
        nint end = start + (nint)length;
        (start, end) = advice == MemoryAdvice.WillNeed
            ? (start / page * page, end)
            : ((start + page - 1) / page * page, end / page * page);
        if (end > start)
        {
            // A hint that is refused changes nothing.
            _ = MAdvise(start, (nuint)(end - start), (int)advice);
        }
    }

    /// <summary>Unmaps or unpins.</summary>
    public void Dispose()
    {
        if (_closed)
        {
            return;
        }

        _closed = true;
        _view?.SafeMemoryMappedViewHandle.ReleasePointer();
        foreach (IDisposable owner in _owners)
        {
            owner.Dispose();
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int MAdvise(nint address, nuint length, int advice);
}
