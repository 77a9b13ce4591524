using Tessera.Neural.Checkpoints;
using Tessera.Serialization;
using Tessera.Wan.Text;
using Tessera.Wan.TinyAutoencoder;

namespace Tessera.Wan.Checkpoints;

/// <summary>
/// A folder with a Wan2.1 model: which files hold which part, in the original layout or that of diffusers. Finding them reads no weights;
/// each part is opened when it is asked for.
/// </summary>
/// <remarks>
/// Original: <c>config.json</c>, <c>diffusion_pytorch_model.safetensors</c> or its index, <c>models_t5_*.pth</c>, <c>Wan2.1_VAE.pth</c>
/// (either also as <c>.safetensors</c>), <c>google/umt5-xxl/spiece.model</c>. Diffusers: <c>transformer</c>, <c>text_encoder</c>,
/// <c>vae</c> with their <c>config.json</c>, <c>tokenizer/spiece.model</c>, <c>scheduler/scheduler_config.json</c>.
/// </remarks>
public sealed record WanCheckpoint
{
    private const string ConfigName = "config.json";
    private const string TinyVaePattern = "taew*";

    private WanCheckpoint(string folder) => Folder = folder;

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>Whether it is laid out as diffusers lays it out.</summary>
    public bool IsDiffusers { get; private init; }

    /// <summary>The transformer's weights, or null.</summary>
    public string? TransformerPath { get; private init; }

    /// <summary>The transformer's <c>config.json</c>, or null.</summary>
    public string? TransformerConfigPath { get; private init; }

    /// <summary>The text encoder's weights, or null.</summary>
    public string? TextEncoderPath { get; private init; }

    /// <summary>The text encoder's <c>config.json</c>, or null.</summary>
    public string? TextEncoderConfigPath { get; private init; }

    /// <summary>The video autoencoder's weights, or null.</summary>
    public string? VaePath { get; private init; }

    /// <summary>The video autoencoder's <c>config.json</c>, or null.</summary>
    public string? VaeConfigPath { get; private init; }

    /// <summary>The tiny autoencoder's weights, <c>taew*</c>, or null; they are no part of a complete model.</summary>
    public string? TinyVaePath { get; private init; }

    /// <summary>The tokenizer's <c>spiece.model</c>, or null.</summary>
    public string? TokenizerPath { get; private init; }

    /// <summary>The scheduler's <c>scheduler_config.json</c>, or null; the original layout has none.</summary>
    public string? SchedulerConfigPath { get; private init; }

    /// <summary>Parts that were not found, in words.</summary>
    public IReadOnlyList<string> Missing =>
    [
        .. new (string Part, string? Path)[]
            {
                ("the transformer's weights", TransformerPath), ("the transformer's config.json", TransformerConfigPath),
                ("the text encoder's weights", TextEncoderPath), ("the video autoencoder's weights", VaePath),
                ("the tokenizer's spiece.model", TokenizerPath),
            }
            .Where(static part => part.Path is null)
            .Select(static part => part.Part),
    ];

    /// <summary>Finds the parts of a model.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="CheckpointFormatException">A part stands there more than once.</exception>
    public static WanCheckpoint Find(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"There is no folder {folder}; wanted a Wan2.1 checkpoint.");
        }

        string transformer = Path.Combine(folder, "transformer");
        return Directory.Exists(transformer) ? FindDiffusers(folder) : FindOriginal(folder);
    }

    /// <summary>Opens the transformer.</summary>
    /// <exception cref="CheckpointFormatException">It is missing, or holds another model; every fault is listed.</exception>
    /// <exception cref="IOException">A file is damaged or cannot be opened.</exception>
    public (Checkpoint Weights, WanTransformerConfig Config) OpenTransformer() => WanWeights.OpenTransformer(
        Require(TransformerPath, "transformer weights"), TransformerConfigPath is { } path ? WanTransformerConfig.Read(path) : null);

    /// <summary>Opens the text encoder.</summary>
    /// <exception cref="CheckpointFormatException">It is missing, or holds another model; every fault is listed.</exception>
    /// <exception cref="IOException">A file is damaged or cannot be opened.</exception>
    public (Checkpoint Weights, Umt5Config Config) OpenTextEncoder() => WanWeights.OpenTextEncoder(
        Require(TextEncoderPath, "text encoder weights"), TextEncoderConfigPath is { } path ? Umt5Config.Read(path) : null);

    /// <summary>Opens the video autoencoder.</summary>
    /// <exception cref="CheckpointFormatException">It is missing, or holds another model; every fault is listed.</exception>
    /// <exception cref="IOException">A file is damaged or cannot be opened.</exception>
    public (Checkpoint Weights, WanVaeConfig Config) OpenVae() => WanWeights.OpenVae(
        Require(VaePath, "video autoencoder weights"), VaeConfigPath is { } path ? WanVaeConfig.Read(path) : null);

    /// <summary>Opens the tiny autoencoder.</summary>
    /// <exception cref="CheckpointFormatException">It is missing, or holds another model; every fault is listed.</exception>
    /// <exception cref="IOException">A file is damaged or cannot be opened.</exception>
    public TinyVae OpenTinyVae() => TinyVae.Open(
        TinyVaePath
            ?? throw new CheckpointFormatException($"{Folder} holds no tiny autoencoder; wanted a file of the form {TinyVaePattern}."));

    /// <summary>Reads the tokenizer.</summary>
    /// <exception cref="CheckpointFormatException">It is missing or damaged.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public PromptTokenizer OpenTokenizer() => PromptTokenizer.Load(Require(TokenizerPath, "spiece.model"));

    private static WanCheckpoint FindDiffusers(string folder) => new(folder)
    {
        IsDiffusers = true,
        TransformerPath = FindWeights(Path.Combine(folder, "transformer"), "diffusion_pytorch_model"),
        TransformerConfigPath = FindFile(folder, "transformer", ConfigName),
        TextEncoderPath = FindWeights(Path.Combine(folder, "text_encoder"), "model"),
        TextEncoderConfigPath = FindFile(folder, "text_encoder", ConfigName),
        VaePath = FindWeights(Path.Combine(folder, "vae"), "diffusion_pytorch_model"),
        VaeConfigPath = FindFile(folder, "vae", ConfigName),
        TinyVaePath = FindOne(folder, TinyVaePattern),
        TokenizerPath = FindFile(folder, "tokenizer", "spiece.model"),
        SchedulerConfigPath = FindFile(folder, "scheduler", "scheduler_config.json"),
    };

    private static WanCheckpoint FindOriginal(string folder) => new(folder)
    {
        TransformerPath = FindWeights(folder, "diffusion_pytorch_model"),
        TransformerConfigPath = FindFile(folder, ConfigName),
        TextEncoderPath = FindOne(folder, "models_t5*"),
        VaePath = FindOne(folder, "*VAE*"),
        TinyVaePath = FindOne(folder, TinyVaePattern),
        TokenizerPath = FindFile(folder, "google", "umt5-xxl", "spiece.model") ?? FindFile(folder, "spiece.model"),
    };

    private static string? FindFile(params ReadOnlySpan<string> parts) =>
        Path.Combine(parts) is { } path && File.Exists(path) ? path : null;

    /// <summary>The index of a sharded checkpoint, else the one file.</summary>
    private static string? FindWeights(string folder, string name) =>
        FindFile(folder, $"{name}{SafetensorsShards.IndexSuffix}") ?? FindFile(folder, $"{name}.safetensors");

    private static string? FindOne(string folder, string pattern)
    {
        string[] found =
        [
            .. Directory.EnumerateFiles(folder, pattern)
                .Where(static path => Path.GetExtension(path) is ".pth" or ".pt" or ".safetensors")
                .Order(StringComparer.Ordinal),
        ];
        return found.Length <= 1
            ? found.FirstOrDefault()
            : throw new CheckpointFormatException(
                $"{folder} holds {string.Join(" and ", found.Select(Path.GetFileName))}; wanted one file of the form {pattern}.");
    }

    private string Require(string? path, string part) =>
        path ?? throw new CheckpointFormatException($"{Folder} holds no {part}; missing are {string.Join(", ", Missing)}.");
}
