using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Tessera.Serialization;

/// <summary>
/// Collects tensors and writes them as one safetensors file, streaming their data. Tensors stand by falling element size and then by name,
/// so
/// each is aligned to its element size and equal content gives equal bytes. Mutable and not thread-safe.
/// </summary>
public sealed class SafetensorsWriter
{
    private const int HeaderAlignment = 8;

    // Headers are files, not web pages: only what JSON itself asks for is escaped.
    private static readonly JsonWriterOptions HeaderOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>Free metadata of the header, written in ordinal order of its keys.</summary>
    public IDictionary<string, string> Metadata { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Adds a tensor whose values are in memory; they are written later and must not change until then.</summary>
    /// <param name="name">Unique name.</param>
    /// <param name="shape">Extents, outermost first; empty for a scalar.</param>
    /// <param name="values">Row-major values, as many as the shape says.</param>
    /// <exception cref="ArgumentException">The name is taken or reserved, or the count does not fit the shape.</exception>
    public void Add<T>(string name, ReadOnlySpan<long> shape, ReadOnlyMemory<T> values)
        where T : unmanaged
    {
        TensorDescription tensor = Describe(name, TensorDataTypes.Of<T>(), shape);
        if (tensor.ElementCount != values.Length)
        {
            throw new ArgumentException(
                $"Tensor '{name}' of shape [{string.Join(", ", tensor.Shape)}] needs {tensor.ElementCount} values; got {values.Length}.",
                nameof(values));
        }

        _entries.Add(name, new Entry(tensor, stream => stream.Write(MemoryMarshal.AsBytes(values.Span))));
    }

    /// <summary>Adds a tensor whose little-endian bytes are written on demand, so that a large file never stands in memory.</summary>
    /// <param name="name">Unique name.</param>
    /// <param name="type">Element type.</param>
    /// <param name="shape">Extents, outermost first; empty for a scalar.</param>
    /// <param name="write">Writes exactly the tensor's bytes.</param>
    /// <exception cref="ArgumentException">The name is taken or reserved, or the shape is impossible.</exception>
    public void Add(string name, TensorDataType type, ReadOnlySpan<long> shape, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        _entries.Add(name, new Entry(Describe(name, type, shape), write));
    }

    /// <summary>Writes the file under a temporary name and renames it; on failure an old file stays as it was.</summary>
    /// <exception cref="InvalidOperationException">A tensor wrote more or fewer bytes than its shape says.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path) => AtomicFile.Write(path, Write);

    /// <summary>Writes the file to a stream.</summary>
    /// <exception cref="InvalidOperationException">A tensor wrote more or fewer bytes than its shape says, or the header exceeds its
    /// limit.</exception>
    public void Write(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Entry[] ordered =
        [
            .. _entries.Values
                .OrderByDescending(static entry => entry.Tensor.DataType.ByteSize())
                .ThenBy(static entry => entry.Tensor.Name, StringComparer.Ordinal),
        ];
        byte[] header = Header(ordered);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (Entry entry in ordered)
        {
            MeteredStream metered = new(stream, entry.Tensor);
            entry.Write(metered);
            metered.RequireComplete();
        }
    }

    private TensorDescription Describe(string name, TensorDataType type, ReadOnlySpan<long> shape)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name == SafetensorsHeader.MetadataKey || _entries.ContainsKey(name))
        {
            throw new ArgumentException(
                $"Tensor name '{name}' is {(name == SafetensorsHeader.MetadataKey ? "reserved" : "taken")}; wanted a new one.",
                nameof(name));
        }

        long elements = 1;
        foreach (long extent in shape)
        {
            Int128 product = (Int128)elements * extent;
            elements = extent >= 0 && product <= long.MaxValue / 8
                ? (long)product
                : throw new ArgumentException(
                    $"Tensor '{name}' has shape [{string.Join(", ", shape.ToArray())}]; wanted extents from 0 whose product fits.",
                    nameof(shape));
        }

        return new TensorDescription(name, type, shape.ToArray(), elements, offset: 0);
    }

    private byte[] Header(Entry[] entries)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, HeaderOptions))
        {
            json.WriteStartObject();
            if (Metadata.Count > 0)
            {
                json.WriteStartObject(SafetensorsHeader.MetadataKey);
                foreach ((string key, string value) in Metadata)
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }

            long offset = 0;
            foreach (Entry entry in entries)
            {
                json.WriteStartObject(entry.Tensor.Name);
                json.WriteString("dtype", entry.Tensor.DataType.SafetensorsName());
                json.WriteStartArray("shape");
                foreach (long extent in entry.Tensor.Shape)
                {
                    json.WriteNumberValue(extent);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                offset = checked(offset + entry.Tensor.ByteLength);
                json.WriteNumberValue(offset);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        int padding = (HeaderAlignment - (buffer.WrittenCount % HeaderAlignment)) % HeaderAlignment;
        buffer.GetSpan(padding)[..padding].Fill((byte)' ');
        buffer.Advance(padding);
        return buffer.WrittenCount <= SafetensorsHeader.MaximumLength
            ? buffer.WrittenSpan.ToArray()
            : throw new InvalidOperationException(
                $"The header of {entries.Length} tensors needs {buffer.WrittenCount} bytes; "
                    + $"at most {SafetensorsHeader.MaximumLength} are allowed.");
    }

    private sealed record Entry(TensorDescription Tensor, Action<Stream> Write);

    /// <summary>Passes bytes on and refuses more or fewer than a tensor has.</summary>
    private sealed class MeteredStream(Stream inner, TensorDescription tensor) : Stream
    {
        private long _written;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => _written;
            set => throw new NotSupportedException();
        }

        public void RequireComplete()
        {
            if (_written != tensor.ByteLength)
            {
                throw new InvalidOperationException($"Tensor '{tensor.Name}' wrote {_written} bytes; its shape needs {tensor.ByteLength}.");
            }
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            _written += buffer.Length;
            if (_written > tensor.ByteLength)
            {
                RequireComplete();
            }

            inner.Write(buffer);
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
