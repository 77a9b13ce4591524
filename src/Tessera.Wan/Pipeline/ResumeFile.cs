using System.Numerics.Tensors;
using System.Text.Json;
using Tessera.Serialization;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.Sampling;

namespace Tessera.Wan.Pipeline;

/// <summary>
/// Keeps an interrupted generation: after each step the latent, what the sampler remembers and the encoded prompts are written beside the
/// output, under a temporary name that is renamed, so that a crash at any moment leaves a whole file. Going on from it gives the result
/// that an uninterrupted generation gives, bit for bit; what cannot promise that is refused.
/// </summary>
/// <param name="Path">File of the state, <c>.safetensors</c>.</param>
public sealed record ResumeFile(string Path)
{
    private const string Format = "tessera-generation-2";
    private const string FormatKey = "format";
    private const string IdentityKey = "request";
    private const string TimingsKey = "timings";
    private const string ArithmeticKey = "arithmetic";
    private const string StepKey = "step";
    private const string DroppedKey = "tokens_dropped";
    private const string LatentName = "latent";
    private const string PromptName = "prompt";
    private const string NegativeName = "negative";
    private const string HistoryPrefix = "history.";

    /// <summary>Whether the generation in the file is continued; false begins a new one and refuses to replace the file.</summary>
    public bool Continues { get; init; }

    /// <summary>
    /// Whether to go on although the steps so far were computed in another arithmetic (<see cref="GenerationArithmetic"/>), for example
    /// with vectors of another width. The result is then as good, but in its last bits that of no uninterrupted generation, and its
    /// record says so.
    /// </summary>
    public bool AllowsOtherArithmetic { get; init; }

    /// <summary>Whether there is a state to continue.</summary>
    public bool Exists => File.Exists(Path);

    /// <summary>Plans that the generation calibrates for itself, kept beside the state.</summary>
    public string PlanPath => $"{Path}.plan";

    /// <summary>The state that belongs to an output.</summary>
    public static ResumeFile ForOutput(string outputPath) => new($"{outputPath}.resume.safetensors");

    /// <summary>Removes the state and its plans, once the video is safe.</summary>
    public void Delete()
    {
        File.Delete(Path);
        File.Delete(PlanPath);
        DeleteUnfinished();
    }

    /// <summary>Removes what processes left behind that were killed while they wrote a state.</summary>
    internal void DeleteUnfinished()
    {
        AtomicFile.DeleteUnfinished(Path);
        AtomicFile.DeleteUnfinished(PlanPath);
    }

    /// <summary>Checks that the file may be used as <see cref="Continues"/> says, before any work.</summary>
    /// <exception cref="IOException">There is nothing to continue, or something that would be lost.</exception>
    internal void RequireUsable()
    {
        if (Continues && !Exists)
        {
            throw new FileNotFoundException(
                $"There is no interrupted generation to resume: {Path} does not exist. Resume with the same output, or start anew.", Path);
        }

        if (!Continues && Exists)
        {
            throw new IOException($"{Path} keeps an interrupted generation of this output. Resume it, or remove the file to start anew.");
        }
    }

    /// <summary>Seed of the generation in the file, for requests that name none.</summary>
    internal ulong? ReadSeed()
    {
        using SafetensorsFile file = Open();
        return ReadIdentity(file).Seed;
    }

    /// <summary>Writes a state.</summary>
    internal void Save(DenoisingState state, GenerationIdentity identity, LatentShape shape)
    {
        SamplerState sampler = state.Sampler.Save();
        long[] latent = [LatentShape.Channels, shape.Frames, shape.Height, shape.Width];
        SafetensorsWriter writer = new();
        writer.Metadata[FormatKey] = Format;
        writer.Metadata[IdentityKey] = identity.ToJson();
        writer.Metadata[StepKey] = FormattableString.Invariant($"{sampler.Step}");
        writer.Metadata[TimingsKey] = JsonSerializer.Serialize(
            new ResumeTimings(state.TextSeconds, state.Steps), GenerationJson.Compact.ResumeTimings);
        writer.Metadata[ArithmeticKey] = JsonSerializer.Serialize(state.Arithmetic, GenerationJson.Compact.ListArithmeticSpan);
        writer.Add<float>(LatentName, latent, state.Latent);
        foreach ((string name, float[] values) in sampler.History)
        {
            writer.Add<float>(HistoryPrefix + name, latent, values);
        }

        AddPrompt(writer, PromptName, state.Prompts.Prompt);
        if (state.Prompts.Negative is { } negative)
        {
            AddPrompt(writer, NegativeName, negative);
        }

        writer.Save(Path);
    }

    /// <summary>Reads the state of a request.</summary>
    /// <param name="identity">The request.</param>
    /// <param name="table">Its noise levels.</param>
    /// <param name="shape">Its latent.</param>
    /// <param name="arithmetic">How it would be continued.</param>
    /// <exception cref="GenerationMismatchException">The file is that of another request, or was computed in another arithmetic; the
    /// message names the differences.</exception>
    /// <exception cref="TensorFormatException">The file is damaged.</exception>
    internal DenoisingState Load(GenerationIdentity identity, SigmaTable table, LatentShape shape, GenerationArithmetic arithmetic)
    {
        using SafetensorsFile file = Open();
        ReadIdentity(file).RequireEqual(identity, Path);
        try
        {
            int step = int.Parse(Metadata(file, StepKey), System.Globalization.CultureInfo.InvariantCulture);
            Dictionary<string, float[]> history = new(StringComparer.Ordinal);
            foreach (TensorDescription tensor in file.Tensors.Where(
                static tensor => tensor.Name.StartsWith(HistoryPrefix, StringComparison.Ordinal)))
            {
                history.Add(tensor.Name[HistoryPrefix.Length..], ReadLatent(file, tensor.Name, shape));
            }

            Sampler sampler = Sampler.Create(table);
            sampler.Restore(new SamplerState(step, history));
            ResumeTimings? timings = JsonSerializer.Deserialize(Metadata(file, TimingsKey), GenerationJson.Compact.ResumeTimings);
            if (timings?.Steps is null || timings.Steps.Contains(null!))
            {
                throw new JsonException("no timings");
            }

            EncodedPrompt? negative = file.Contains(NegativeName) ? ReadPrompt(file, NegativeName) : null;
            return new DenoisingState(
                ReadLatent(file, LatentName, shape), sampler, new EncodedPrompts(ReadPrompt(file, PromptName), negative),
                [.. timings.Steps])
            {
                TextSeconds = timings.TextSeconds,
                Arithmetic = Continued(ReadArithmetic(file), step, arithmetic),
            };
        }
        catch (Exception fault) when (fault is FormatException or JsonException or ArgumentException or OverflowException)
        {
            throw new TensorFormatException($"{Path}: the state of the generation is damaged ({fault.Message}); start anew.", fault);
        }
    }

    private List<ArithmeticSpan> Continued(List<ArithmeticSpan> spans, int step, GenerationArithmetic arithmetic)
    {
        IReadOnlyList<string> differences = spans[^1].Arithmetic.DifferencesTo(arithmetic);
        if (differences.Count == 0)
        {
            return spans;
        }

        return AllowsOtherArithmetic
            ? [.. spans, new ArithmeticSpan(step, arithmetic)]
            : throw new GenerationMismatchException(
                $"{Path} was computed in another arithmetic, so that the rest would not give the bytes of an uninterrupted generation: "
                    + $"{string.Join("; ", differences)}. Resume it where it was begun, allow other arithmetic, or start anew.");
    }

    private List<ArithmeticSpan> ReadArithmetic(SafetensorsFile file)
    {
        List<ArithmeticSpan>? spans = JsonSerializer.Deserialize(
            Metadata(file, ArithmeticKey), GenerationJson.Compact.ListArithmeticSpan);
        return spans is { Count: > 0 } && !spans.Contains(null!) && spans.TrueForAll(static span => span.Arithmetic is not null)
            ? spans
            : throw new JsonException("no arithmetic");
    }

    private static void AddPrompt(SafetensorsWriter writer, string name, EncodedPrompt prompt)
    {
        writer.Metadata[$"{name}.{DroppedKey}"] = FormattableString.Invariant($"{prompt.TokensDropped}");
        writer.Add<float>(name, [prompt.Tokens, prompt.Rows.Length / prompt.Tokens], prompt.Rows);
    }

    private EncodedPrompt ReadPrompt(SafetensorsFile file, string name)
    {
        float[] rows = ReadFinite(file, name);
        return rows.Length > 0 && file[name].Shape.Count == 2
            ? new EncodedPrompt(
                rows, checked((int)file[name].Shape[0]),
                int.Parse(Metadata(file, $"{name}.{DroppedKey}"), System.Globalization.CultureInfo.InvariantCulture))
            : throw new TensorFormatException($"{Path}: {file[name]} is no encoded prompt, which has rows.");
    }

    private float[] ReadLatent(SafetensorsFile file, string name, LatentShape shape)
    {
        float[] values = ReadFinite(file, name);
        return values.Length == shape.Length
            ? values
            : throw new TensorFormatException($"{Path}: tensor '{name}' has {values.Length} numbers, the video {shape.Length}.");
    }

    private float[] ReadFinite(SafetensorsFile file, string name)
    {
        float[] values = file.ReadSingle(name);
        return TensorPrimitives.IsFiniteAll<float>(values)
            ? values
            : throw new TensorFormatException($"{Path}: tensor '{name}' holds NaN or infinity; start anew.");
    }

    private GenerationIdentity ReadIdentity(SafetensorsFile file) =>
        Metadata(file, FormatKey) == Format
            ? GenerationIdentity.FromJson(Metadata(file, IdentityKey), Path)
            : throw new TensorFormatException($"{Path} was written by another version of Tessera; start the generation anew.");

    private string Metadata(SafetensorsFile file, string key) => file.Metadata.GetValueOrDefault(key)
        ?? throw new TensorFormatException($"{Path} keeps no interrupted generation: its '{key}' is missing.");

    private SafetensorsFile Open() => SafetensorsFile.Open(Path);
}
