using System.Buffers;
using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Tessera.Serialization;

/// <summary>
/// A safetensors file, memory-mapped: 8 bytes of header length, a JSON header, then the tensors' little-endian data without gaps.
/// Opening reads the header only; data is paged in as it is touched. Safe for concurrent readers until disposed.
/// </summary>
/// <remarks>
/// Nothing in the file is trusted: a damaged or hostile file gives a <see cref="TensorFormatException"/> with one sentence. Do not truncate
/// a
/// file while it is open: the operating system ends a process that reads a page that is gone. Format: huggingface/safetensors, README.
/// </remarks>
public sealed unsafe class SafetensorsFile : IDisposable
{
    private const int LengthBytes = 8;

    private readonly Dictionary<string, TensorDescription> _byName = new(StringComparer.Ordinal);
    private readonly SafetensorsHeader _header;
    private readonly IDisposable _owner;
    private readonly string _source;
    private byte* _data;

    private SafetensorsFile(byte* start, long length, IDisposable owner, string source)
    {
        if (!BitConverter.IsLittleEndian)
        {
            throw new PlatformNotSupportedException("Safetensors data is little-endian; this machine is not.");
        }

        _owner = owner;
        _source = source;
        if (length < LengthBytes)
        {
            throw new TensorFormatException(
                $"{source}: {length} bytes are too few for a safetensors file, which starts with 8 bytes of header length.");
        }

        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(start, LengthBytes));
        if (headerLength > SafetensorsHeader.MaximumLength || headerLength > (ulong)(length - LengthBytes))
        {
            throw new TensorFormatException(
                $"{source}: the header length is {headerLength}; "
                    + $"at most {SafetensorsHeader.MaximumLength} is read and {length - LengthBytes} bytes follow.");
        }

        long dataStart = LengthBytes + (long)headerLength;
        _header = SafetensorsHeader.Parse(new ReadOnlySpan<byte>(start + LengthBytes, (int)headerLength), length - dataStart, source);
        _data = start + dataStart;
        foreach (TensorDescription tensor in _header.Tensors)
        {
            _byName.Add(tensor.Name, tensor);
        }
    }

    /// <summary>Tensors in the order of their data.</summary>
    public IReadOnlyList<TensorDescription> Tensors => _header.Tensors;

    /// <summary>The free metadata of the header; empty when there is none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    private string FirstNames =>
        $"{string.Join(", ", Tensors.Take(5).Select(static tensor => tensor.Name))}{(_byName.Count > 5 ? ", ..." : "")}";

    /// <summary>The description of a tensor.</summary>
    /// <exception cref="TensorFormatException">The file has no tensor of that name.</exception>
    public TensorDescription this[string name]
    {
        get
        {
            ArgumentNullException.ThrowIfNull(name);
            return _byName.TryGetValue(name, out TensorDescription? tensor)
                ? tensor
                : throw new TensorFormatException(
                    $"{_source}: there is no tensor '{name}' among the {_byName.Count} tensors ({FirstNames}).");
        }
    }

    /// <summary>Opens a file.</summary>
    /// <exception cref="TensorFormatException">The file is damaged; the message says how.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1);
        if (stream.Length == 0)
        {
            throw new TensorFormatException($"{path}: the file is empty.");
        }

        MappedRegion region = new(stream);
        return Own(region, () => new SafetensorsFile(region.Start, region.Length, region, path));
    }

    /// <summary>Reads a file that is in memory already; the memory is pinned until disposal and must not change meanwhile.</summary>
    /// <param name="content">The whole file.</param>
    /// <param name="name">Name for messages.</param>
    /// <exception cref="TensorFormatException">The content is damaged; the message says how.</exception>
    public static SafetensorsFile FromMemory(ReadOnlyMemory<byte> content, string name = "memory")
    {
        PinnedRegion region = new(content);
        return Own(region, () => new SafetensorsFile(region.Start, content.Length, region, name));
    }

    /// <summary>Whether there is a tensor of that name.</summary>
    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>The raw little-endian bytes of a tensor. The span is valid until disposal; using it later is undefined.</summary>
    /// <exception cref="TensorFormatException">There is no such tensor, or it exceeds 2^31-1 bytes: read it in parts.</exception>
    public ReadOnlySpan<byte> Bytes(string name)
    {
        TensorDescription tensor = this[name];
        return tensor.ByteLength <= int.MaxValue
            ? Slice(tensor, 0, (int)tensor.ByteLength)
            : throw new TensorFormatException(
                $"{_source}: tensor '{name}' has {tensor.ByteLength} bytes; a span holds {int.MaxValue}, so read it in parts.");
    }

    /// <summary>A copy of a tensor whose element type is <typeparamref name="T"/>.</summary>
    /// <exception cref="TensorFormatException">There is no such tensor, its type is another, or it exceeds an array.</exception>
    public T[] ReadArray<T>(string name)
        where T : unmanaged
    {
        TensorDescription tensor = this[name];
        if (tensor.DataType != TensorDataTypes.Of<T>())
        {
            throw new TensorFormatException(
                $"{_source}: tensor '{name}' is {tensor.DataType.SafetensorsName()}, not {TensorDataTypes.Of<T>().SafetensorsName()}.");
        }

        T[] values = new T[RequireArrayLength(tensor)];
        Span<byte> left = MemoryMarshal.AsBytes(values.AsSpan());
        Slice(tensor, 0, left.Length).CopyTo(left);
        return values;
    }

    /// <summary>A tensor of any element type as binary32; 64-bit floats and large integers round to nearest, all else is exact.</summary>
    /// <exception cref="TensorFormatException">There is no such tensor, or it exceeds an array.</exception>
    public float[] ReadSingle(string name)
    {
        TensorDescription tensor = this[name];
        float[] values = new float[RequireArrayLength(tensor)];
        ReadSingle(name, 0, values);
        return values;
    }

    /// <summary>Part of a tensor of any element type as binary32, row-major.</summary>
    /// <param name="name">Tensor.</param>
    /// <param name="start">First element.</param>
    /// <param name="destination">Receives as many elements as it holds.</param>
    /// <exception cref="TensorFormatException">There is no such tensor.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The part exceeds the tensor.</exception>
    public void ReadSingle(string name, long start, Span<float> destination)
    {
        TensorDescription tensor = this[name];
        if (start < 0 || start > tensor.ElementCount || destination.Length > tensor.ElementCount - start)
        {
            throw new ArgumentOutOfRangeException(
                nameof(start), start, $"Tensor '{name}' has {tensor.ElementCount} elements; {destination.Length} from {start} exceed it.");
        }

        // Parts keep the byte offset of a span below 2^31 for the widest type.
        const int Part = 1 << 26;
        int size = tensor.DataType.ByteSize();
        while (destination.Length > 0)
        {
            int count = Math.Min(Part, destination.Length);
            TensorConversion.ToSingle(Slice(tensor, start * size, count * size), tensor.DataType, destination[..count]);
            destination = destination[count..];
            start += count;
        }
    }

    /// <summary>Unmaps the file. Spans handed out before are no longer valid.</summary>
    public void Dispose()
    {
        _data = null;
        _owner.Dispose();
    }

    private static SafetensorsFile Own(IDisposable region, Func<SafetensorsFile> open)
    {
        try
        {
            return open();
        }
        catch
        {
            region.Dispose();
            throw;
        }
    }

    private ReadOnlySpan<byte> Slice(TensorDescription tensor, long offset, int length)
    {
        ObjectDisposedException.ThrowIf(_data is null, this);
        return new ReadOnlySpan<byte>(_data + tensor.Offset + offset, length);
    }

    private int RequireArrayLength(TensorDescription tensor) =>
        tensor.ByteLength <= int.MaxValue && tensor.ElementCount <= int.MaxValue / sizeof(float)
            ? (int)tensor.ElementCount
            : throw new TensorFormatException(
                $"{_source}: tensor '{tensor.Name}' has {tensor.ElementCount} elements, too many for one array; read it in parts.");

    private sealed class MappedRegion : IDisposable
    {
        private readonly MemoryMappedFile _file;
        private readonly MemoryMappedViewAccessor _view;

        public MappedRegion(FileStream stream)
        {
            Length = stream.Length;
            _file = MemoryMappedFile.CreateFromFile(
                stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            _view = _file.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
            byte* start = null;
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
            Start = start + _view.PointerOffset;
        }

        public byte* Start { get; }

        public long Length { get; }

        public void Dispose()
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
            _file.Dispose();
        }
    }

    private sealed class PinnedRegion(ReadOnlyMemory<byte> content) : IDisposable
    {
        private MemoryHandle _handle = content.Pin();

        public byte* Start => (byte*)_handle.Pointer;

        public void Dispose() => _handle.Dispose();
    }
}
