using System.Text.Json;
using Tessera.Serialization;

namespace Tessera.Neural.Checkpoints;

/// <summary>
/// The scales that stand beside low-bit weights in a file, found by their names: a weight W that was divided by a factor to fit 8 bits,
/// and the factor, one number for the tensor or one for each row. Immutable.
/// </summary>
/// <remarks>
/// <para><c>layer.scale_weight</c> with the mark <c>scaled_fp8</c>, and <c>layer.weight_scale</c> with a description
/// <c>layer.comfy_quant</c>, are the older and the newer form of repackaged FP8 files; <c>NAME.scale</c> beside any tensor NAME is ours.
/// Scales of activations (<c>scale_input</c>, <c>input_scale</c>) are not needed where activations stay float32 and are passed over.</para>
/// <para>An 8-bit integer weight must have scales. An FP8 weight without any is taken as it is, unless its sisters in other blocks have
/// some: then the file lost one, and every value would be wrong by that factor.</para>
/// </remarks>
internal sealed class WeightScales
{
    private const string Mark = "scaled_fp8";
    private const string Weight = ".weight";
    private const string Description = ".comfy_quant";
    private const int LongestDescription = 1 << 12;

    private static readonly (string Scale, string Owner)[] Namings =
        [(".scale_weight", Weight), (".weight_scale", Weight), (".scale", "")];

    private static readonly string[] OfActivations = [".scale_input", ".input_scale"];

    // What a description may say: the stored numbers are those of the type, times the scale.
    private static readonly string[] PlainFormats = ["float8_e4m3fn", "float8_e5m2", "int8_tensorwise"];
    private static readonly string[] HarmlessSettings = ["format", "full_precision_matrix_mult"];

    private readonly Dictionary<string, string> _scales = new(StringComparer.Ordinal);
    private readonly HashSet<string> _passedOver = new(StringComparer.Ordinal);

    /// <summary>Looks for scales in a file.</summary>
    /// <param name="source">The file.</param>
    /// <param name="faults">Receives scales of another shape or type, weights that lost theirs and numbers that are not plain.</param>
    public WeightScales(ITensorSource source, FaultList faults)
    {
        foreach (TensorDescription tensor in source.Tensors)
        {
            if (OwnerOf(tensor.Name, Namings, source) is { } owner)
            {
                Attach(source, owner, tensor.Name, faults);
            }
            else if (tensor.Name == Mark || tensor.Name.EndsWith($".{Mark}", StringComparison.Ordinal)
                || OwnerOf(tensor.Name, [.. OfActivations.Select(static suffix => (suffix, Weight))], source) is not null)
            {
                _passedOver.Add(tensor.Name);
            }
            else if (OwnerOf(tensor.Name, [(Description, Weight)], source) is not null)
            {
                _passedOver.Add(tensor.Name);
                RequirePlain(source, tensor, faults);
            }
        }

        RequireOfSisters(source, faults);
    }

    /// <summary>Whether a tensor of the file is a scale, or something else that belongs to another tensor.</summary>
    public bool Hides(string name) => _passedOver.Contains(name);

    /// <summary>Name of the scales of a tensor, or null.</summary>
    public string? Of(string name) => _scales.GetValueOrDefault(name);

    private static string? OwnerOf(string name, ReadOnlySpan<(string Scale, string Owner)> namings, ITensorSource source)
    {
        foreach ((string scale, string owner) in namings)
        {
            if (name.Length > scale.Length && name.EndsWith(scale, StringComparison.Ordinal)
                && $"{name.AsSpan(0, name.Length - scale.Length)}{owner}" is { } candidate && source.Contains(candidate))
            {
                return candidate;
            }
        }

        return null;
    }

    private static bool IsFloat8(TensorDataType type) => type is TensorDataType.Float8E4M3 or TensorDataType.Float8E5M2;

    /// <summary>The name with # for each number.</summary>
    private static string Kind(string name) =>
        string.Join('.', name.Split('.').Select(static part => part.All(char.IsAsciiDigit) ? "#" : part));

    private static void RequirePlain(ITensorSource source, TensorDescription tensor, FaultList faults)
    {
        string fault = tensor.DataType != TensorDataType.UInt8 || tensor.ElementCount > LongestDescription
            ? "is no text of bytes"
            : FaultOf(source.Tensor(tensor.Name).Bytes(0, (int)tensor.ElementCount));
        if (fault.Length > 0)
        {
            faults.Add($"'{tensor.Name}' {fault}");
        }
    }

    private static string FaultOf(ReadOnlySpan<byte> text)
    {
        try
        {
            Utf8JsonReader reader = new(text, new JsonReaderOptions { MaxDepth = 8 });
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return "is no JSON object";
            }

            foreach (JsonProperty setting in document.RootElement.EnumerateObject())
            {
                if (!HarmlessSettings.Contains(setting.Name)
                    || (setting.Name == HarmlessSettings[0] && !PlainFormats.Contains(setting.Value.ToString())))
                {
                    return $"says {FaultList.Shorten(setting.ToString())}, which is not implemented; wanted one of "
                        + string.Join(", ", PlainFormats);
                }
            }

            return "";
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return "is no JSON";
        }
    }

    private void Attach(ITensorSource source, string owner, string name, FaultList faults)
    {
        _passedOver.Add(name);
        TensorDescription weight = source.Tensor(owner).Description;
        TensorDescription scale = source.Tensor(name).Description;
        long rows = weight.Shape.Count == 0 ? 1 : weight.Shape[0];
        if (!IsFloat8(weight.DataType) && weight.DataType != TensorDataType.Int8)
        {
            faults.Add($"'{name}' scales {weight}, which has no 8-bit numbers");
        }
        else if (scale.DataType is not (TensorDataType.Float32 or TensorDataType.Float16 or TensorDataType.BFloat16)
            || (scale.ElementCount != 1 && (scale.ElementCount != rows || scale.Shape[0] != rows)))
        {
            faults.Add($"{scale} does not scale {weight}; wanted 1 or {rows} floating-point numbers");
        }
        else if (!_scales.TryAdd(owner, name))
        {
            faults.Add($"'{name}' and '{_scales[owner]}' both scale '{owner}'");
        }
    }

    private void RequireOfSisters(ITensorSource source, FaultList faults)
    {
        if (_scales.Count == 0)
        {
            return;
        }

        HashSet<string> scaled = [.. _scales.Keys.Select(Kind)];
        foreach (TensorDescription tensor in source.Tensors)
        {
            if (IsFloat8(tensor.DataType) && !_scales.ContainsKey(tensor.Name) && !_passedOver.Contains(tensor.Name)
                && scaled.Contains(Kind(tensor.Name)))
            {
                faults.Add($"{tensor} lost its scale, which its like in other blocks have");
            }
        }
    }
}
