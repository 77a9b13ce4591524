using System.Numerics.Tensors;
using Tessera.Serialization;

namespace Tessera.Neural.Checkpoints;

/// <summary>
/// The weights of a model, in the model's own naming whatever the file calls them, kept and mapped as they were stored. Opening reads
/// names and shapes only. Safe for concurrent readers until disposed.
/// </summary>
/// <remarks>
/// Weights are of any floating-point type, FP8 with or without scales, or 8-bit integers with scales: <c>layer.scale_weight</c> or
/// <c>layer.weight_scale</c> for <c>layer.weight</c>, or <c>NAME.scale</c> for any tensor; one number or one a row. Scales are part of
/// the tensor that they scale and have no name of their own here.
/// </remarks>
public sealed class Checkpoint : IDisposable
{
    private readonly ITensorSource _source;
    private readonly KeyTable _keys;
    private readonly WeightScales _scales;
    private readonly Dictionary<string, TensorDescription> _tensors = new(StringComparer.Ordinal);

    /// <summary>Names the tensors of a file as the model does; the checkpoint owns the file from now on.</summary>
    /// <exception cref="CheckpointFormatException">Two tensors of the file stand for the same one, or scales do not fit.</exception>
    public Checkpoint(ITensorSource source, KeyTable keys)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(keys);
        _source = source;
        _keys = keys;
        FaultList faults = new();
        List<(string Model, TensorDescription Tensor)> aliases = [];
        _scales = new WeightScales(source, faults);
        foreach (TensorDescription tensor in source.Tensors)
        {
            if (_scales.Hides(tensor.Name))
            {
                continue;
            }

            string model = keys.ToModel(tensor.Name, out bool isAlias);
            if (isAlias)
            {
                aliases.Add((model, tensor));
            }
            else if (!_tensors.TryAdd(model, tensor))
            {
                faults.Add($"'{_tensors[model].Name}' and '{tensor.Name}' are the same tensor");
            }
        }

        foreach ((string model, TensorDescription tensor) in aliases)
        {
            _tensors.TryAdd(model, tensor);
        }

        if (faults.Count > 0)
        {
            throw new CheckpointFormatException($"{Source}: {faults}.");
        }
    }

    /// <summary>Path of the file, for messages.</summary>
    public string Source => _source.Source;

    /// <summary>Name of the file's layout.</summary>
    public string Layout => _keys.Name;

    /// <summary>All names, in the model's naming.</summary>
    public IReadOnlyCollection<string> Names => _tensors.Keys;

    /// <summary>Sum of the elements of all tensors.</summary>
    public long ParameterCount => _tensors.Values.Sum(static tensor => tensor.ElementCount);

    /// <summary>A tensor as stored, with its scales.</summary>
    /// <param name="name">Name in the model's naming.</param>
    /// <exception cref="CheckpointFormatException">There is none of that name.</exception>
    /// <exception cref="TensorFormatException">A scale is NaN or infinite.</exception>
    public StoredTensor this[string name]
    {
        get
        {
            string file = Describe(name).Name;
            StoredTensor tensor = _source.Tensor(file);
            return _scales.Of(file) is { } scales ? tensor.ScaledBy(_source.Tensor(scales)) : tensor;
        }
    }

    /// <summary>
    /// Opens the tensors of a file: an index of safetensors files by its name, a PyTorch file by its first bytes, else a safetensors file.
    /// </summary>
    /// <exception cref="TensorFormatException">The file is damaged or hostile.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static ITensorSource OpenSource(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (path.EndsWith(SafetensorsShards.IndexSuffix, StringComparison.Ordinal))
        {
            return SafetensorsShards.Open(path);
        }

        return PyTorchFile.IsPyTorchFile(path) ? PyTorchFile.Open(path) : SafetensorsFile.Open(path);
    }

    /// <summary>Whether there is a tensor of that name in the model's naming.</summary>
    public bool Contains(string name) => _tensors.ContainsKey(name);

    /// <summary>Type and shape of a tensor under its name in the file, without its data.</summary>
    /// <param name="name">Name in the model's naming.</param>
    /// <exception cref="CheckpointFormatException">There is none of that name.</exception>
    public TensorDescription Describe(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _tensors.TryGetValue(name, out TensorDescription? tensor)
            ? tensor
            : throw new CheckpointFormatException($"{Source}: there is no tensor '{Shown(name)}'.");
    }

    /// <summary>Checks that the file holds what a model asks for and nothing else.</summary>
    /// <param name="model">Name of the model, for the message.</param>
    /// <param name="wanted">Every tensor of the model.</param>
    /// <param name="ignored">Names that may stand in the file without being asked for.</param>
    /// <exception cref="CheckpointFormatException">Tensors are missing, too many, of another shape or not of numbers; all are
    /// listed.</exception>
    public void Require(string model, IEnumerable<TensorSpecification> wanted, Func<string, bool>? ignored = null)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        FaultList missing = new();
        FaultList misshapen = new();
        FaultList extra = new();
        HashSet<string> known = new(StringComparer.Ordinal);
        foreach (TensorSpecification specification in wanted)
        {
            known.Add(specification.Name);
            if (!_tensors.TryGetValue(specification.Name, out TensorDescription? tensor))
            {
                missing.Add(Shown(specification.Name));
                continue;
            }

            if (!tensor.Shape.SequenceEqual(specification.Shape) || !IsNumber(tensor))
            {
                bool lacksScale = tensor.DataType == TensorDataType.Int8 && !IsNumber(tensor);
                misshapen.Add($"{tensor}{(lacksScale ? " without a scale" : "")}, wanted [{string.Join(", ", specification.Shape)}]");
            }
        }

        foreach ((string name, TensorDescription tensor) in _tensors)
        {
            if (!known.Contains(name) && ignored?.Invoke(name) != true)
            {
                extra.Add(tensor.Name);
            }
        }

        string faults = string.Join(
            "; ",
            new[] { Count(missing, "missing"), Count(misshapen, "of another shape or type"), Count(extra, "too many") }
                .Where(static part => part.Length > 0));
        if (faults.Length > 0)
        {
            throw new CheckpointFormatException($"{Source} is no {model} of this configuration in {Layout} layout: {faults}.");
        }
    }

    /// <summary>The first number that is NaN or infinite, in words, or null when all are finite; reads every weight.</summary>
    public string? FindNonFinite()
    {
        float[] part = new float[1 << 14];
        foreach (string name in _tensors.Keys)
        {
            StoredTensor tensor = this[name];
            for (long start = 0; IsNumber(tensor.Description) && start < tensor.ElementCount; start += part.Length)
            {
                Span<float> values = part.AsSpan(0, (int)Math.Min(part.Length, tensor.ElementCount - start));
                tensor.ReadSingle(start, values);
                if (!TensorPrimitives.IsFiniteAll<float>(values))
                {
                    long at = start;
                    while (float.IsFinite(values[(int)(at - start)]))
                    {
                        at++;
                    }

                    return $"tensor '{Shown(name)}' holds {values[(int)(at - start)]} at element {at}";
                }
            }

            tensor.Release();
        }

        return null;
    }

    /// <summary>Closes the file; tensors handed out are no longer valid.</summary>
    public void Dispose() => _source.Dispose();

    private bool IsNumber(TensorDescription tensor) =>
        tensor.DataType is TensorDataType.Float64 or TensorDataType.Float32 or TensorDataType.Float16 or TensorDataType.BFloat16
            or TensorDataType.Float8E4M3 or TensorDataType.Float8E5M2
        || (tensor.DataType == TensorDataType.Int8 && _scales.Of(tensor.Name) is not null);

    private static string Count(FaultList faults, string what) => faults.Count == 0 ? "" : $"{faults.Count} {what}: {faults}";

    private string Shown(string name) => _keys.ToFile(name);
}
