using System.Text.Json;
using System.Text.Unicode;

namespace Tessera.Serialization;

/// <summary>
/// The JSON header of a safetensors file: tensors in order of their data, and metadata. Parsing trusts nothing: every number is checked,
/// names are unique, tensors cover the data without a gap or an overlap.
/// </summary>
internal sealed class SafetensorsHeader
{
    /// <summary>Largest header that is read, as in the reference implementation.</summary>
    public const int MaximumLength = 100_000_000;

    /// <summary>Key of the metadata object.</summary>
    public const string MetadataKey = "__metadata__";

    private const int MaximumDepth = 8;
    private const int ShownName = 120;

    private readonly string _source;
    private readonly List<TensorDescription> _tensors = [];
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);

    private SafetensorsHeader(string source) => _source = source;

    /// <summary>Tensors by ascending offset.</summary>
    public IReadOnlyList<TensorDescription> Tensors => _tensors;

    /// <summary>Metadata; empty when the file has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>Parses a header.</summary>
    /// <param name="json">The header bytes.</param>
    /// <param name="dataLength">Bytes after the header.</param>
    /// <param name="source">Name for messages.</param>
    /// <exception cref="TensorFormatException">Anything is wrong.</exception>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long dataLength, string source)
    {
        SafetensorsHeader header = new(source);
        if (json.Length == 0 || json[0] != (byte)'{' || !Utf8.IsValid(json))
        {
            throw header.Fault("the header is not a JSON object in UTF-8");
        }

        try
        {
            header.ReadAll(json);
        }
        catch (JsonException error)
        {
            throw new TensorFormatException($"{source}: the header is not valid JSON ({error.Message.TrimEnd('.')}).", error);
        }
        catch (InvalidOperationException error)
        {
            throw new TensorFormatException($"{source}: the header holds a string that is not valid text.", error);
        }

        header.RequireCover(dataLength);
        return header;
    }

    private void ReadAll(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = MaximumDepth });
        reader.Read();
        HashSet<string> seen = new(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            if (!seen.Add(name))
            {
                throw Fault($"the name '{Show(name)}' occurs twice");
            }

            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                throw Fault($"tensor '{Show(name)}' is described by {reader.TokenType}, not by an object");
            }

            if (name == MetadataKey)
            {
                ReadMetadata(ref reader);
            }
            else
            {
                _tensors.Add(ReadTensor(ref reader, name));
            }
        }

        // Anything but white space after the closing brace is a JsonException.
        while (reader.Read())
        {
        }
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
            {
                throw Fault($"metadata '{Show(key)}' is {reader.TokenType}, not a string");
            }

            if (!_metadata.TryAdd(key, reader.GetString()!))
            {
                throw Fault($"metadata '{Show(key)}' occurs twice");
            }
        }
    }

    private TensorDescription ReadTensor(ref Utf8JsonReader reader, string name)
    {
        string? typeName = null;
        long[]? shape = null;
        long[]? offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            switch (key)
            {
                case "dtype" when typeName is null:
                    typeName = reader.TokenType == JsonTokenType.String
                        ? reader.GetString()!
                        : throw TensorFault(name, $"has dtype {reader.TokenType}, not a string");
                    break;
                case "shape" when shape is null:
                    shape = ReadNumbers(ref reader, name, key);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadNumbers(ref reader, name, key);
                    break;
                default:
                    throw TensorFault(name, $"has the field '{Show(key)}', which is unknown or doubled");
            }
        }

        if (typeName is null || shape is null || offsets is not { Length: 2 })
        {
            throw TensorFault(name, "lacks dtype, shape or two data_offsets");
        }

        if (!TensorDataTypes.TryParse(typeName, out TensorDataType type))
        {
            throw TensorFault(name, $"has dtype '{Show(typeName)}', which is not read");
        }

        return Describe(name, type, shape, offsets[0], offsets[1]);
    }

    private long[] ReadNumbers(ref Utf8JsonReader reader, string name, string key)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw TensorFault(name, $"has {key} that is {reader.TokenType}, not an array");
        }

        List<long> numbers = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long number) || number < 0)
            {
                throw TensorFault(name, $"has {key} with an entry that is not an integer from 0 to 2^63-1");
            }

            numbers.Add(number);
        }

        return [.. numbers];
    }

    private TensorDescription Describe(string name, TensorDataType type, long[] shape, long begin, long end)
    {
        long elements = 1;
        foreach (long extent in shape)
        {
            Int128 product = (Int128)elements * extent;
            elements = product <= long.MaxValue / 8
                ? (long)product
                : throw TensorFault(name, $"has shape [{ShowShape(shape)}], which overflows");
        }

        if (end < begin || end - begin != elements * type.ByteSize())
        {
            throw TensorFault(
                name,
                $"has data_offsets [{begin}, {end}], but {type.SafetensorsName()} [{ShowShape(shape)}] "
                    + $"needs {elements * type.ByteSize()} bytes");
        }

        return new TensorDescription(name, type, shape, elements, begin);
    }

    private void RequireCover(long dataLength)
    {
        _tensors.Sort(static (left, right) =>
            left.Offset != right.Offset ? left.Offset.CompareTo(right.Offset)
            : left.ByteLength != right.ByteLength ? left.ByteLength.CompareTo(right.ByteLength)
            : string.CompareOrdinal(left.Name, right.Name));
        long next = 0;
        foreach (TensorDescription tensor in _tensors)
        {
            if (tensor.Offset != next)
            {
                throw TensorFault(tensor.Name, $"starts at byte {tensor.Offset} of the data, but the tensors before it end at {next}");
            }

            next += tensor.ByteLength;
            if (next > dataLength)
            {
                throw TensorFault(tensor.Name, $"ends at byte {next} of the data, but the file holds only {dataLength}");
            }
        }

        if (next != dataLength)
        {
            throw Fault($"the tensors hold {next} bytes, but the file holds {dataLength} after its header");
        }
    }

    private static string Show(string name) => name.Length <= ShownName ? name : string.Concat(name.AsSpan(0, ShownName), "...");

    private static string ShowShape(long[] shape) =>
        shape.Length <= 8 ? string.Join(", ", shape) : $"{string.Join(", ", shape.Take(8))}, ...";

    private TensorFormatException TensorFault(string name, string fault) => new($"{_source}: tensor '{Show(name)}' {fault}.");

    private TensorFormatException Fault(string fault) => new($"{_source}: {fault}.");
}
