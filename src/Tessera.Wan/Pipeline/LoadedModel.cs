using Tessera.Neural.Checkpoints;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.Sampling;
using Tessera.Wan.Text;
using Tessera.Wan.TinyAutoencoder;

namespace Tessera.Wan.Pipeline;

/// <summary>
/// A checkpoint whose every part has been opened and checked, so that a fault shows before any work. Weights of the transformer and of
/// the decoder stay mapped; the text encoder was closed again.
/// </summary>
internal sealed class LoadedModel : IDisposable
{
    private LoadedModel(WanCheckpoint checkpoint, Checkpoint transformer, WanTransformerConfig config, IVideoCodec codec)
    {
        Checkpoint = checkpoint;
        Transformer = transformer;
        TransformerConfig = config;
        Codec = codec;
    }

    public WanCheckpoint Checkpoint { get; }

    public Checkpoint Transformer { get; }

    public WanTransformerConfig TransformerConfig { get; }

    public IVideoCodec Codec { get; }

    public required Umt5Config TextEncoder { get; init; }

    public required PromptTokenizer Tokenizer { get; init; }

    public required SchedulerConfig? Scheduler { get; init; }

    /// <summary>Bytes of the text encoder, the transformer and the decoder.</summary>
    public required IReadOnlyList<long> WeightBytes { get; init; }

    public required string Fingerprint { get; init; }

    /// <summary>Opens all parts.</summary>
    /// <exception cref="CheckpointFormatException">Parts are missing, or belong to different models.</exception>
    /// <exception cref="IOException">A file is damaged or cannot be opened.</exception>
    public static LoadedModel Open(string folder, WanOptions options)
    {
        WanCheckpoint checkpoint = WanCheckpoint.Find(folder);
        string[] missing =
            [.. checkpoint.Missing.Where(part => options.TinyCodecPath is null || part != "the video autoencoder's weights")];
        if (missing.Length > 0)
        {
            throw new CheckpointFormatException($"{folder} is no whole Wan2.1 model; missing are {string.Join(", ", missing)}.");
        }

        PromptTokenizer tokenizer = checkpoint.OpenTokenizer();
        (Checkpoint encoder, Umt5Config encoderConfig) = checkpoint.OpenTextEncoder();
        long encoderBytes;
        using (encoder)
        {
            tokenizer.RequireVocabulary(encoderConfig.Vocabulary);
            encoderBytes = BytesOf(encoder);
        }

        SchedulerConfig? scheduler = checkpoint.SchedulerConfigPath is { } path ? SchedulerConfig.Read(path) : null;
        string fingerprint = CheckpointFingerprint.Of(checkpoint);
        (Checkpoint transformer, WanTransformerConfig config) = checkpoint.OpenTransformer();
        try
        {
            config = options.TextLength is { } length ? config with { TextLength = length } : config;
            RequireFit(transformer, config, encoderConfig);
            (IVideoCodec codec, long codecBytes) = OpenCodec(checkpoint, options);
            return new LoadedModel(checkpoint, transformer, config, codec)
            {
                TextEncoder = encoderConfig,
                Tokenizer = tokenizer,
                Scheduler = scheduler,
                WeightBytes = [encoderBytes, BytesOf(transformer), codecBytes],
                Fingerprint = fingerprint,
            };
        }
        catch
        {
            transformer.Dispose();
            throw;
        }
    }

    /// <summary>Takes the transformer's pages out of the working set; they come back when it runs again.</summary>
    public void ReleaseTransformer()
    {
        foreach (string name in Transformer.Names)
        {
            Transformer[name].Release();
        }
    }

    public void Dispose()
    {
        Transformer.Dispose();
        Codec.Dispose();
    }

    private static void RequireFit(Checkpoint transformer, WanTransformerConfig config, Umt5Config encoder)
    {
        if (config.TextDim != encoder.Dim)
        {
            throw new CheckpointFormatException(
                $"{transformer.Source} reads text rows of {config.TextDim} numbers, the text encoder makes {encoder.Dim}; they belong to "
                    + "different models.");
        }

        if (config.Channels != LatentShape.Channels)
        {
            throw new CheckpointFormatException(
                $"{transformer.Source} makes latents of {config.Channels} channels, the autoencoder of Wan2.1 reads "
                    + $"{LatentShape.Channels}; they belong to different models.");
        }
    }

    private static (IVideoCodec Codec, long Bytes) OpenCodec(WanCheckpoint checkpoint, WanOptions options)
    {
        if (options.TinyCodecPath is { } path)
        {
            return (TinyVae.Open(path), new FileInfo(path).Length);
        }

        (Checkpoint weights, WanVaeConfig config) = checkpoint.OpenVae();
        long bytes = BytesOf(weights);
        try
        {
            return (new WanVae(weights, config), bytes);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    private static long BytesOf(Checkpoint weights) => weights.Names.Sum(name => weights.Describe(name).ByteLength);
}
