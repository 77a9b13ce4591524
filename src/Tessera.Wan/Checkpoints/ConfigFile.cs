using System.Text.Json;
using System.Text.Unicode;
using Tessera.Neural.Checkpoints;
using Tessera.Serialization;

namespace Tessera.Wan.Checkpoints;

/// <summary>
/// One <c>config.json</c>, read with bounds: every number must be of its kind and within its range, and every fault names the file and
/// the field.
/// </summary>
internal sealed class ConfigFile
{
    private const int MaximumLength = 1 << 20;
    private const int MaximumDepth = 16;

    private readonly JsonElement _root;

    private ConfigFile(string path, JsonElement root)
    {
        Path = path;
        _root = root;
    }

    /// <summary>Path, for messages.</summary>
    public string Path { get; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="CheckpointFormatException">It is no JSON object, or too large.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ConfigFile Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            byte[] bytes = RegularFile.ReadAll(path, MaximumLength, "a configuration");
            if (!Utf8.IsValid(bytes))
            {
                throw new CheckpointFormatException($"{path}: the configuration is not UTF-8.");
            }

            using JsonDocument document = JsonDocument.Parse(
                bytes, new JsonDocumentOptions { MaxDepth = MaximumDepth, AllowDuplicateProperties = false });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new ConfigFile(path, document.RootElement.Clone())
                : throw new CheckpointFormatException($"{path}: the configuration is {document.RootElement.ValueKind}, not an object.");
        }
        catch (TensorFormatException error)
        {
            throw new CheckpointFormatException(error.Message, error);
        }
        catch (JsonException error)
        {
            throw new CheckpointFormatException($"{path}: the configuration is not valid JSON ({error.Message.TrimEnd('.')}).", error);
        }
    }

    /// <summary>Whether a field is there and not null.</summary>
    public bool Has(string name) => Find(name) is not null;

    /// <summary>A whole number.</summary>
    public int Integer(string name, int? absent, int minimum, int maximum)
    {
        if (Find(name) is not { } field)
        {
            return absent ?? throw Fault($"'{name}' is missing");
        }

        return field.ValueKind == JsonValueKind.Number && field.TryGetInt32(out int value) && value >= minimum && value <= maximum
            ? value
            : throw Fault($"'{name}' is {Shown(field)}; wanted a whole number from {minimum} to {maximum}");
    }

    /// <summary>A positive finite number.</summary>
    public float Positive(string name, float absent)
    {
        if (Find(name) is not { } field)
        {
            return absent;
        }

        return field.ValueKind == JsonValueKind.Number && field.TryGetSingle(out float value) && value > 0 && float.IsFinite(value)
            ? value
            : throw Fault($"'{name}' is {Shown(field)}; wanted a positive number");
    }

    /// <summary>Finite numbers, as many as wanted.</summary>
    public float[]? Numbers(string name, int count)
    {
        if (Find(name) is not { } field)
        {
            return null;
        }

        float[] values = field.ValueKind == JsonValueKind.Array && field.GetArrayLength() == count
            ? [.. field.EnumerateArray().Select(static one => one.ValueKind == JsonValueKind.Number ? one.GetSingle() : float.NaN)]
            : [];
        return values.Length == count && values.All(float.IsFinite)
            ? values
            : throw Fault($"'{name}' is {Shown(field)}; wanted {count} numbers");
    }

    /// <summary>Refuses a field that is there with another value than the only one that is implemented.</summary>
    /// <param name="name">Field.</param>
    /// <param name="wanted">JSON texts of which one must stand there.</param>
    public void Require(string name, params ReadOnlySpan<string> wanted)
    {
        if (Find(name) is { } field && !wanted.Contains(string.Concat(field.GetRawText().Where(static c => !char.IsWhiteSpace(c)))))
        {
            throw Fault($"'{name}' is {Shown(field)}, which is not implemented; wanted {string.Join(" or ", wanted!)}");
        }
    }

    /// <summary>The exception that names the file.</summary>
    public CheckpointFormatException Fault(string fault) => new($"{Path}: {fault}.");

    private static string Shown(JsonElement field)
    {
        string text = field.GetRawText().ReplaceLineEndings(" ");
        return text.Length <= 60 ? text : $"{text[..60]}...";
    }

    private JsonElement? Find(string name) =>
        _root.TryGetProperty(name, out JsonElement field) && field.ValueKind != JsonValueKind.Null ? field : null;
}
