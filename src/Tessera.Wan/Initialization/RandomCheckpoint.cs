using Tessera.Neural.Checkpoints;
using Tessera.Serialization;
using Tessera.Wan.Sampling;

namespace Tessera.Wan.Initialization;

/// <summary>
/// A checkpoint of random weights in the original layout, for tests and benchmarks that need a model's true size and not its pictures.
/// Equal sizes, types and seed give equal bytes. Weights are streamed: memory does not grow with the model.
/// </summary>
/// <remarks>
/// Distributions keep activations near 1 at any depth, with z normal: matrices and kernels <c>z / sqrt(inputs)</c>, biases <c>0.05 z</c>,
/// modulation <c>0.2 z</c>, norms of q and k <c>1.2 + 0.2 z</c>, other norms <c>1 + 0.1 z</c>, the embedding <c>z</c>, position tables
/// <c>0.5 z</c>, and queries of the text encoder <c>1.5 z / (4 sqrt(inputs))</c>, because it does not scale its scores.
/// </remarks>
public sealed class RandomCheckpoint
{
    internal const string TransformerName = "diffusion_pytorch_model.safetensors";
    private const string TextEncoderName = "models_t5_umt5-xxl-enc-bf16.safetensors";
    internal const string VaeName = "Wan2.1_VAE.safetensors";
    internal const string TinyVaeName = "taew2_1.safetensors";

    private readonly ulong _seed;
    private readonly (string File, TensorDataType Type, TensorSpecification[] Tensors)[] _files;

    /// <summary>Plans a checkpoint.</summary>
    /// <param name="sizes">Sizes of the parts.</param>
    /// <param name="seed">Seed of all weights.</param>
    /// <param name="parts">Parts to write.</param>
    /// <param name="transformerType">Element type of the transformer: float32, bfloat16 or float16. The text encoder is bfloat16 and the
    /// autoencoders float32.</param>
    /// <exception cref="NotSupportedException">The type is another.</exception>
    public RandomCheckpoint(
        WanModelSizes sizes, ulong seed, WanParts parts = WanParts.All, TensorDataType transformerType = TensorDataType.Float32)
    {
        ArgumentNullException.ThrowIfNull(sizes);
        if (transformerType is not (TensorDataType.Float32 or TensorDataType.BFloat16 or TensorDataType.Float16))
        {
            throw new NotSupportedException($"Random weights are float32, bfloat16 or float16, not {transformerType}.");
        }

        Sizes = sizes;
        Parts = parts;
        _seed = seed;
        (WanParts Part, string File, TensorDataType Type, IEnumerable<TensorSpecification> Tensors)[] all =
        [
            (WanParts.Transformer, TransformerName, transformerType, sizes.Transformer.Tensors()),
            (WanParts.TextEncoder, TextEncoderName, TensorDataType.BFloat16, sizes.TextEncoder.Tensors()),
            (WanParts.Vae, VaeName, TensorDataType.Float32, sizes.Vae.Tensors()),
            (WanParts.TinyVae, TinyVaeName, TensorDataType.Float32, sizes.TinyVae.Tensors()),
        ];
        _files = [.. all.Where(part => parts.HasFlag(part.Part)).Select(static part => (part.File, part.Type, part.Tensors.ToArray()))];
    }

    /// <summary>Sizes of the parts.</summary>
    public WanModelSizes Sizes { get; }

    /// <summary>Parts that are written.</summary>
    public WanParts Parts { get; }

    /// <summary>Bytes of all weights.</summary>
    public long ByteLength => _files.Sum(static file => file.Tensors.Sum(tensor => tensor.ElementCount * file.Type.ByteSize()));

    /// <summary>Writes the files, each under a temporary name until it is whole.</summary>
    /// <param name="folder">The folder; made when it is missing.</param>
    /// <param name="progress">Receives the share of bytes that are written.</param>
    /// <param name="cancellationToken">Polled within tensors; files that are whole stay.</param>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public void Write(string folder, IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Directory.CreateDirectory(folder);
        long total = Math.Max(1, ByteLength);
        long written = 0;
        foreach ((string file, TensorDataType type, TensorSpecification[] tensors) in _files)
        {
            SafetensorsWriter writer = new();
            foreach (TensorSpecification tensor in tensors)
            {
                writer.Add(tensor.Name, type, [.. tensor.Shape], stream =>
                {
                    (float mean, float deviation) = Distribution(tensor);
                    new NormalStream(_seed, $"{file}/{tensor.Name}").Write(
                        stream, type, tensor.ElementCount, mean, deviation, cancellationToken);
                    written += tensor.ElementCount * type.ByteSize();
                    progress?.Report((double)written / total);
                });
            }

            writer.Save(Path.Combine(folder, file));
        }

        if (Parts.HasFlag(WanParts.Transformer))
        {
            AtomicFile.Write(Path.Combine(folder, "config.json"), Sizes.Transformer.WriteOriginal);
        }

        if (Parts.HasFlag(WanParts.Tokenizer))
        {
            string tokenizer = Path.Combine(folder, "google", "umt5-xxl");
            Directory.CreateDirectory(tokenizer);
            AtomicFile.Write(Path.Combine(tokenizer, "spiece.model"), static stream => stream.Write(ByteTokenizerModel.Write()));
        }
    }

    private static (float Mean, float Deviation) Distribution(TensorSpecification tensor)
    {
        string[] words = tensor.Name.Split('.');
        string last = words[^1];
        string owner = words.Length > 1 ? words[^2] : "";
        float fan = MathF.Sqrt(tensor.ElementCount / (float)tensor.Shape[0]);
        return (owner, last) switch
        {
            (_, "modulation") => (0, 0.2f),
            (_, "bias") => (0, 0.05f),
            (_, "gamma") => (1, 0.1f),
            ("norm_q" or "norm_k", _) => (1.2f, 0.2f),
            (_, "weight") when owner.StartsWith("norm", StringComparison.Ordinal) => (1, 0.1f),
            ("token_embedding", _) => (0, 1),
            ("embedding", _) => (0, 0.5f),
            ("q", "weight") when words is [_, _, "attn", ..] => (0, 1.5f / (4 * fan)),
            _ => (0, 1 / fan),
        };
    }
}
