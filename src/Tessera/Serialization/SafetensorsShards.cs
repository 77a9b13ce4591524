using System.Text.Json;

namespace Tessera.Serialization;

/// <summary>
/// A safetensors checkpoint in several files, tied together by <c>NAME.safetensors.index.json</c>:
/// <c>{"metadata": {...}, "weight_map": {"tensor": "file"}}</c>. All files are mapped; nothing is read but their headers.
/// </summary>
/// <remarks>
/// The index must agree with the files: each tensor stands in the file that the map names and nowhere else, and no file holds a tensor
/// that the map lacks. All disagreements are listed in one exception. File names must be plain names beside the index.
/// </remarks>
public sealed class SafetensorsShards : ITensorSource
{
    /// <summary>How index files end.</summary>
    public const string IndexSuffix = ".safetensors.index.json";

    private const int MaximumIndexLength = 64 << 20;

    private readonly Dictionary<string, SafetensorsFile> _byTensor = new(StringComparer.Ordinal);
    private readonly List<SafetensorsFile> _files = [];
    private readonly List<TensorDescription> _tensors = [];

    private SafetensorsShards(string indexPath) => Source = indexPath;

    /// <inheritdoc/>
    public string Source { get; }

    /// <summary>All tensors, file by file in ordinal order of the file names.</summary>
    public IReadOnlyList<TensorDescription> Tensors => _tensors;

    /// <summary>Paths of the files that hold the data.</summary>
    public IEnumerable<string> Files => _files.Select(static file => file.Source);

    /// <summary>Opens an index and all its files.</summary>
    /// <param name="indexPath">The <c>.safetensors.index.json</c> file.</param>
    /// <exception cref="TensorFormatException">The index or a file is damaged, or they disagree; the message lists how.</exception>
    /// <exception cref="IOException">A file cannot be opened.</exception>
    public static SafetensorsShards Open(string indexPath)
    {
        ArgumentException.ThrowIfNullOrEmpty(indexPath);
        SafetensorsShards shards = new(indexPath);
        try
        {
            shards.Load();
            return shards;
        }
        catch
        {
            shards.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public bool Contains(string name) => _byTensor.ContainsKey(name);

    /// <inheritdoc/>
    public StoredTensor Tensor(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _byTensor.TryGetValue(name, out SafetensorsFile? file)
            ? file.Tensor(name)
            : throw new TensorFormatException($"{Source}: there is no tensor '{name}' among the {_tensors.Count} tensors.");
    }

    /// <summary>Closes all files.</summary>
    public void Dispose()
    {
        foreach (SafetensorsFile file in _files)
        {
            file.Dispose();
        }
    }

    private void Load()
    {
        Dictionary<string, string> map = ReadMap();
        string folder = Path.GetDirectoryName(Path.GetFullPath(Source)) ?? ".";
        FaultList faults = new();
        foreach (string fileName in map.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            string path = Path.Combine(folder, fileName);
            if (!File.Exists(path))
            {
                faults.Add($"the file {fileName} is missing");
                continue;
            }

            SafetensorsFile file = SafetensorsFile.Open(path);
            _files.Add(file);
            foreach (TensorDescription tensor in file.Tensors)
            {
                if (!map.TryGetValue(tensor.Name, out string? wanted))
                {
                    faults.Add($"'{tensor.Name}' stands in {fileName} but not in the index");
                }
                else if (!_byTensor.TryAdd(tensor.Name, file))
                {
                    faults.Add($"'{tensor.Name}' stands in more than one file");
                }
                else if (wanted != fileName)
                {
                    faults.Add($"'{tensor.Name}' stands in {fileName}, the index says {wanted}");
                }

                _tensors.Add(tensor);
            }
        }

        if (faults.Count == 0)
        {
            foreach (string name in map.Keys.Where(name => !_byTensor.ContainsKey(name)))
            {
                faults.Add($"'{name}' stands in the index but in no file");
            }
        }

        if (faults.Count > 0)
        {
            throw new TensorFormatException($"{Source}: {faults}.");
        }
    }

    private Dictionary<string, string> ReadMap()
    {
        try
        {
            byte[] json = RegularFile.ReadAll(Source, MaximumIndexLength, "an index");
            using JsonDocument document = JsonDocument.Parse(
                json, new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty("weight_map", out JsonElement weights)
                || weights.ValueKind != JsonValueKind.Object)
            {
                throw new TensorFormatException($"{Source}: there is no object 'weight_map', which says where each tensor is.");
            }

            Dictionary<string, string> map = new(StringComparer.Ordinal);
            foreach (JsonProperty weight in weights.EnumerateObject())
            {
                map.Add(weight.Name, RequireFileName(weight));
            }

            return map.Count > 0 ? map : throw new TensorFormatException($"{Source}: 'weight_map' is empty.");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new TensorFormatException($"{Source}: the index is not valid JSON ({error.Message.TrimEnd('.')}).", error);
        }
    }

    // The index is not trusted: a name with a folder in it could make us read, and report on, any file of the machine.
    private string RequireFileName(JsonProperty weight)
    {
        string? name = weight.Value.ValueKind == JsonValueKind.String ? weight.Value.GetString() : null;
        return name is { Length: > 0 and < 256 } && name.AsSpan().IndexOfAny("/\\:\0") < 0 && name is not ("." or "..")
            ? name
            : throw new TensorFormatException(
                $"{Source}: tensor '{FaultList.Shorten(weight.Name)}' is mapped to "
                    + $"{FaultList.Shorten(weight.Value.GetRawText())}; wanted the plain name of a file beside the index.");
    }
}
