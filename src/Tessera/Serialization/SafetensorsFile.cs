using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Tessera.Serialization;

/// <summary>
/// A safetensors file, memory-mapped: 8 bytes of header length, a JSON header, then the tensors' little-endian data without gaps.
/// Opening reads the header only; data is paged in as it is touched. Safe for concurrent readers until disposed.
/// </summary>
/// <remarks>
/// Nothing in the file is trusted: a damaged or hostile file gives a <see cref="TensorFormatException"/> with one sentence. Do not
/// truncate a file while it is open: the operating system ends a process that reads a page that is gone. Format: huggingface/safetensors,
/// README.
/// </remarks>
public sealed class SafetensorsFile : ITensorSource
{
    private const int LengthBytes = 8;

    private readonly Dictionary<string, TensorDescription> _byName = new(StringComparer.Ordinal);
    private readonly SafetensorsHeader _header;
    private readonly FileRegion _region;
    private readonly long _dataStart;

    private SafetensorsFile(FileRegion region)
    {
        _region = region;
        if (region.Length < LengthBytes)
        {
            throw new TensorFormatException(
                $"{Source}: {region.Length} bytes are too few for a safetensors file, which starts with 8 bytes of header length.");
        }

        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(region.Slice(0, LengthBytes));
        if (headerLength > SafetensorsHeader.MaximumLength || headerLength > (ulong)(region.Length - LengthBytes))
        {
            throw new TensorFormatException(
                $"{Source}: the header length is {headerLength}; "
                    + $"at most {SafetensorsHeader.MaximumLength} is read and {region.Length - LengthBytes} bytes follow.");
        }

        _dataStart = LengthBytes + (long)headerLength;
        _header = SafetensorsHeader.Parse(region.Slice(LengthBytes, (int)headerLength), region.Length - _dataStart, Source);
        foreach (TensorDescription tensor in _header.Tensors)
        {
            _byName.Add(tensor.Name, tensor);
        }
    }

    /// <inheritdoc/>
    public string Source => _region.Source;

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
                    $"{Source}: there is no tensor '{name}' among the {_byName.Count} tensors ({FirstNames}).");
        }
    }

    /// <summary>Opens a file.</summary>
    /// <exception cref="TensorFormatException">The file is damaged; the message says how.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static SafetensorsFile Open(string path) => Own(FileRegion.Map(path));

    /// <summary>Reads a file that is in memory already; the memory is pinned until disposal and must not change meanwhile.</summary>
    /// <param name="content">The whole file.</param>
    /// <param name="name">Name for messages.</param>
    /// <exception cref="TensorFormatException">The content is damaged; the message says how.</exception>
    public static SafetensorsFile FromMemory(ReadOnlyMemory<byte> content, string name = "memory") => Own(FileRegion.Pin(content, name));

    /// <summary>Whether there is a tensor of that name.</summary>
    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <inheritdoc/>
    public StoredTensor Tensor(string name)
    {
        TensorDescription tensor = this[name];
        return new StoredTensor(tensor, _region, _dataStart + tensor.Offset);
    }

    /// <summary>The raw little-endian bytes of a tensor. The span is valid until disposal; using it later is undefined.</summary>
    /// <exception cref="TensorFormatException">There is no such tensor, or it exceeds 2^31-1 bytes: read it in parts.</exception>
    public ReadOnlySpan<byte> Bytes(string name)
    {
        TensorDescription tensor = this[name];
        return tensor.ByteLength <= int.MaxValue
            ? Slice(tensor, 0, (int)tensor.ByteLength)
            : throw new TensorFormatException(
                $"{Source}: tensor '{name}' has {tensor.ByteLength} bytes; a span holds {int.MaxValue}, so read it in parts.");
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
                $"{Source}: tensor '{name}' is {tensor.DataType.SafetensorsName()}, not {TensorDataTypes.Of<T>().SafetensorsName()}.");
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
    public void Dispose() => _region.Dispose();

    private static SafetensorsFile Own(FileRegion region)
    {
        try
        {
            return new SafetensorsFile(region);
        }
        catch
        {
            region.Dispose();
            throw;
        }
    }

    private ReadOnlySpan<byte> Slice(TensorDescription tensor, long offset, int length) =>
        _region.Slice(_dataStart + tensor.Offset + offset, length);

    private int RequireArrayLength(TensorDescription tensor) =>
        tensor.ByteLength <= int.MaxValue && tensor.ElementCount <= int.MaxValue / sizeof(float)
            ? (int)tensor.ElementCount
            : throw new TensorFormatException(
                $"{Source}: tensor '{tensor.Name}' has {tensor.ElementCount} elements, too many for one array; read it in parts.");
}
