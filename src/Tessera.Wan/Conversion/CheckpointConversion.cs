using Tessera.Neural.Checkpoints;
using Tessera.Serialization;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.Initialization;
using Tessera.Wan.TinyAutoencoder;

namespace Tessera.Wan.Conversion;

/// <summary>
/// Converts a checkpoint of any layout and file kind into one in the original layout, of safetensors files, with the matrices of the
/// transformer and the text encoder in another format. Autoencoders keep their format; the tokenizer is copied.
/// </summary>
public sealed class CheckpointConversion : IDisposable
{
    private readonly WanCheckpoint _source;
    private readonly List<(string File, Checkpoint Weights, WeightConversion Conversion)> _parts = [];
    private readonly WanTransformerConfig? _config;
    private readonly bool _hasTokenizer;

    /// <summary>Opens the parts that are there.</summary>
    /// <param name="source">The checkpoint.</param>
    /// <param name="format">Format of the matrices.</param>
    /// <param name="parts">Parts to convert; those that are not there are left out.</param>
    /// <exception cref="CheckpointFormatException">A part is damaged, or differs in what only a configuration of diffusers
    /// says.</exception>
    /// <exception cref="IOException">A file cannot be opened.</exception>
    public CheckpointConversion(WanCheckpoint source, WeightFormat format, WanParts parts = WanParts.All | WanParts.TinyVae)
    {
        ArgumentNullException.ThrowIfNull(source);
        _source = source;
        _hasTokenizer = parts.HasFlag(WanParts.Tokenizer) && source.TokenizerPath is not null;
        try
        {
            if (parts.HasFlag(WanParts.Transformer) && source.TransformerPath is not null)
            {
                (Checkpoint weights, _config) = source.OpenTransformer();
                Add(RandomCheckpoint.TransformerName, weights, format);
            }

            if (parts.HasFlag(WanParts.TextEncoder) && source.TextEncoderPath is not null)
            {
                (Checkpoint weights, Umt5Config config) = source.OpenTextEncoder();
                Add("models_t5_umt5-xxl-enc.safetensors", weights, format);
                RequireInferable(weights, config == Umt5Config.FromWeights(weights));
            }

            if (parts.HasFlag(WanParts.Vae) && source.VaePath is not null)
            {
                (Checkpoint weights, WanVaeConfig config) = source.OpenVae();
                Add(RandomCheckpoint.VaeName, weights, format: null);
                WanVaeConfig inferred = WanVaeConfig.FromWeights(weights);
                RequireInferable(
                    weights,
                    config.LatentMean.SequenceEqual(inferred.LatentMean) && config.LatentDeviation.SequenceEqual(inferred.LatentDeviation));
            }

            if (parts.HasFlag(WanParts.TinyVae) && source.TinyVaePath is { } tiny)
            {
                Add(RandomCheckpoint.TinyVaeName, TinyVae.OpenWeights(tiny), format: null);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Bytes of all weights to be written.</summary>
    public long ByteLength => _parts.Sum(static part => part.Conversion.ByteLength);

    /// <summary>Files that will be written, relative to the folder.</summary>
    public IReadOnlyList<string> Files =>
    [
        .. _parts.Select(static part => part.File), .. _config is null ? [] : (string[])["config.json"],
        .. _hasTokenizer ? (string[])[TokenizerName] : [],
    ];

    private static string TokenizerName => Path.Combine("google", "umt5-xxl", "spiece.model");

    /// <summary>Writes the files, each under a temporary name until it is whole.</summary>
    /// <param name="folder">The folder; made when it is missing.</param>
    /// <param name="progress">Receives the share of bytes that are written.</param>
    /// <param name="cancellationToken">Polled within tensors; files that are whole stay.</param>
    /// <exception cref="CheckpointFormatException">A weight is NaN or infinite, or too large for the format.</exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public void Write(string folder, IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Directory.CreateDirectory(folder);
        Counter counter = new(progress, Math.Max(1, ByteLength));
        foreach ((string file, Checkpoint _, WeightConversion conversion) in _parts)
        {
            conversion.Save(Path.Combine(folder, file), counter, cancellationToken);
        }

        if (_config is { } config)
        {
            AtomicFile.Write(Path.Combine(folder, "config.json"), config.WriteOriginal);
        }

        if (_hasTokenizer)
        {
            string path = Path.Combine(folder, TokenizerName);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            byte[] model = RegularFile.ReadAll(
                _source.TokenizerPath!, Text.SentencePieceModel.MaximumFileLength, "a SentencePiece model");
            AtomicFile.Write(path, stream => stream.Write(model));
        }
    }

    /// <summary>Closes the source.</summary>
    public void Dispose()
    {
        foreach ((string _, Checkpoint weights, WeightConversion _) in _parts)
        {
            weights.Dispose();
        }
    }

    private void Add(string file, Checkpoint weights, WeightFormat? format) =>
        _parts.Add((file, weights, new WeightConversion(weights, format)));

    /// <summary>The original layout has one configuration, for the transformer; other parts show their sizes themselves.</summary>
    private static void RequireInferable(Checkpoint weights, bool isInferable)
    {
        if (!isInferable)
        {
            throw new CheckpointFormatException(
                $"{weights.Source}: its config.json differs from the released model in what weights do not show and the original layout "
                    + "has no place for; leave this part out.");
        }
    }

    private sealed class Counter(IProgress<double>? progress, long total) : IProgress<long>
    {
        private long _done;

        public void Report(long value)
        {
            _done += value;
            progress?.Report((double)_done / total);
        }
    }
}
