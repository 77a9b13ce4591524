using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tessera.Neural.Products;
using Tessera.Serialization;
using Tessera.Wan.Sampling;
using Tessera.Wan.SelfAttention;

namespace Tessera.Wan.Pipeline;

/// <summary>
/// All that the latent of a generation depends on, as names and values in words: two generations of equal identity give equal latents.
/// Threads, outputs and decoders are no part of it.
/// </summary>
internal sealed class GenerationIdentity
{
    private const string SeedName = "seed";

    private readonly SortedDictionary<string, string> _values;

    private GenerationIdentity(SortedDictionary<string, string> values) => _values = values;

    /// <summary>Seed, or null when the noise came from a file.</summary>
    public ulong? Seed => _values.TryGetValue(SeedName, out string? seed)
        && ulong.TryParse(seed, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) ? value : null;

    /// <summary>SHA-256 of all names and values in hexadecimal.</summary>
    public string Hash => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ToJson())));

    /// <summary>The identity of a request.</summary>
    /// <param name="request">Request.</param>
    /// <param name="table">Noise levels.</param>
    /// <param name="noise">Where the noise comes from.</param>
    /// <param name="seed">Seed.</param>
    /// <param name="textLength">Rows of text.</param>
    /// <param name="backend">What runs attention.</param>
    /// <param name="attention">Self-attention in force.</param>
    /// <param name="precision">Of the transformer's wide products.</param>
    /// <param name="checkpoint">Fingerprint of the model.</param>
    public static GenerationIdentity Of(
        GenerationRequest request, SigmaTable table, PreparedLatents noise, ulong seed, int textLength, string backend,
        SelfAttentionOptions attention, ProductPrecision precision, string checkpoint)
    {
        SortedDictionary<string, string> values = new(StringComparer.Ordinal)
        {
            ["prompt"] = request.Prompt,
            ["size"] = Text($"{request.Width}x{request.Height}"),
            ["frames"] = Text($"{request.FrameCount}"),
            ["steps"] = Text($"{table.StepCount}"),
            ["shift"] = Text($"{table.Shift:R}"),
            ["solver"] = table.Solver.Name(),
            ["guidance"] = Text($"{request.GuidanceScale:R}"),
            ["text length"] = Text($"{textLength}"),
            ["backend"] = backend,
            ["attention"] = attention.Method ?? (attention.Plan is null ? "dense" : "plan"),
            ["block size"] = attention.BlockSize.ToString(),
            ["checkpoint"] = checkpoint,
        };
        if (ClassifierFreeGuidance.NeedsUnconditional(request.GuidanceScale))
        {
            values["negative prompt"] = request.NegativePrompt;
        }

        values[request.NoisePath is null ? SeedName : "noise"] = request.NoisePath is null ? Text($"{seed}") : noise.Source;
        Add(values, "density", attention.Density is { } density ? Text($"{density:R}") : null);
        Add(values, "quantization", attention.Recipe?.Name);
        Add(values, "plan", attention.Plan is { } plan ? HashOf(plan) : null);
        Add(values, "dense steps and layers", attention.WarmUp?.ToString());
        Add(values, "precision", precision == ProductPrecision.Float32 ? null : precision.ToString());
        return new GenerationIdentity(values);
    }

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="TensorFormatException">It is damaged.</exception>
    public static GenerationIdentity FromJson(string json, string path)
    {
        try
        {
            Dictionary<string, string>? values = JsonSerializer.Deserialize(json, GenerationJson.Compact.DictionaryStringString);
            return new GenerationIdentity(new SortedDictionary<string, string>(values ?? [], StringComparer.Ordinal));
        }
        catch (Exception fault) when (fault is JsonException or ArgumentException)
        {
            throw new TensorFormatException($"{path}: the request of the interrupted generation is damaged; start anew.", fault);
        }
    }

    /// <summary>One JSON object in ordinal order of names.</summary>
    public string ToJson() => JsonSerializer.Serialize(
        new Dictionary<string, string>(_values), GenerationJson.Compact.DictionaryStringString);

    /// <summary>Refuses another identity.</summary>
    /// <param name="asked">What is asked for now.</param>
    /// <param name="path">File that holds this one.</param>
    /// <exception cref="GenerationMismatchException">They differ; every difference is named.</exception>
    public void RequireEqual(GenerationIdentity asked, string path)
    {
        string[] differences =
        [
            .. _values.Keys.Union(asked._values.Keys).Order(StringComparer.Ordinal)
                .Where(name => _values.GetValueOrDefault(name) != asked._values.GetValueOrDefault(name))
                .Select(name => $"{name} was {Shown(_values, name)}, is now {Shown(asked._values, name)}"),
        ];
        if (differences.Length > 0)
        {
            throw new GenerationMismatchException(
                $"{path} keeps another generation: {string.Join("; ", differences)}. Ask for the same to resume it, or start anew.");
        }
    }

    private static void Add(SortedDictionary<string, string> values, string name, string? value)
    {
        if (value is not null)
        {
            values[name] = value;
        }
    }

    // Plans with functors of a caller's own have no stored form; all that tells them apart is their name.
    private static string HashOf(PlanFile plan)
    {
        try
        {
            return plan.Hash ?? plan.ComputeHash();
        }
        catch (NotSupportedException)
        {
            return plan.Schedule.Name;
        }
    }

    private static string Shown(SortedDictionary<string, string> values, string name) => values.TryGetValue(name, out string? value)
        ? value.Length <= 60 ? $"'{value}'" : $"'{value[..60]}...'"
        : "not given";

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
