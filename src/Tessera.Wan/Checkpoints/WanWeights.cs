using Tessera.Neural.Checkpoints;
using Tessera.Serialization;

namespace Tessera.Wan.Checkpoints;

/// <summary>
/// Opens one part of Wan2.1 from a file of any kind and layout: the layout is told by the names in the file, and the tensors are checked
/// to be exactly those of the configuration.
/// </summary>
public static class WanWeights
{
    /// <summary>A tensor that repackaged text encoders carry: the bytes of their SentencePiece model.</summary>
    public const string EmbeddedTokenizer = "spiece_model";

    /// <summary>Opens the transformer.</summary>
    /// <param name="path">A safetensors file, its index, or a PyTorch file.</param>
    /// <param name="config">Sizes of its <c>config.json</c>, or null to infer them with heads of 128.</param>
    /// <returns>The weights, and the sizes with those that only the weights show.</returns>
    /// <exception cref="CheckpointFormatException">The file holds another model; missing, extra and misshapen tensors are
    /// listed.</exception>
    /// <exception cref="IOException">The file is damaged or cannot be opened.</exception>
    public static (Checkpoint Weights, WanTransformerConfig Config) OpenTransformer(string path, WanTransformerConfig? config = null) =>
        Open(
            path, "transformer",
            [
                ("blocks.0.self_attn.q.weight", WanKeyTables.OriginalTransformer),
                ("blocks.0.attn1.to_q.weight", WanKeyTables.DiffusersTransformer),
                ("model.diffusion_model.blocks.0.self_attn.q.weight", WanKeyTables.RepackagedTransformer),
            ],
            weights => config?.CompletedBy(weights) ?? WanTransformerConfig.FromWeights(weights), static config => config.Tensors());

    /// <summary>Opens the text encoder.</summary>
    /// <param name="path">A safetensors file, its index, or a PyTorch file.</param>
    /// <param name="config">Sizes of its <c>config.json</c>, or null to infer them.</param>
    /// <returns>The weights and the sizes.</returns>
    /// <exception cref="CheckpointFormatException">The file holds another model; missing, extra and misshapen tensors are
    /// listed.</exception>
    /// <exception cref="IOException">The file is damaged or cannot be opened.</exception>
    public static (Checkpoint Weights, Umt5Config Config) OpenTextEncoder(string path, Umt5Config? config = null) =>
        Open(
            path, "text encoder",
            [
                ("blocks.0.attn.q.weight", WanKeyTables.OriginalTextEncoder),
                ("encoder.block.0.layer.0.SelfAttention.q.weight", WanKeyTables.TransformersTextEncoder),
            ],
            weights => config ?? Umt5Config.FromWeights(weights), static config => config.Tensors());

    /// <summary>Opens the video autoencoder.</summary>
    /// <param name="path">A safetensors file, its index, or a PyTorch file.</param>
    /// <param name="config">Sizes of its <c>config.json</c>, or null to infer them.</param>
    /// <returns>The weights and the sizes.</returns>
    /// <exception cref="CheckpointFormatException">The file holds another model; missing, extra and misshapen tensors are
    /// listed.</exception>
    /// <exception cref="IOException">The file is damaged or cannot be opened.</exception>
    public static (Checkpoint Weights, WanVaeConfig Config) OpenVae(string path, WanVaeConfig? config = null) =>
        Open(
            path, "video autoencoder",
            [
                ("encoder.conv1.weight", WanKeyTables.OriginalVae),
                ("encoder.conv_in.weight", WanKeyTables.DiffusersVae),
            ],
            weights => config ?? WanVaeConfig.FromWeights(weights), static config => config.Tensors());

    private static (Checkpoint Weights, TConfig Config) Open<TConfig>(
        string path, string part, ReadOnlySpan<(string Key, KeyTable Keys)> layouts, Func<Checkpoint, TConfig> configure,
        Func<TConfig, IEnumerable<TensorSpecification>> tensors)
    {
        ITensorSource source = Checkpoint.OpenSource(path);
        try
        {
            Checkpoint weights = new(source, FindLayout(source, part, layouts));
            TConfig config = configure(weights);
            weights.Require($"Wan2.1 {part}", tensors(config), static name => name == EmbeddedTokenizer);
            return (weights, config);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    private static KeyTable FindLayout(ITensorSource source, string part, ReadOnlySpan<(string Key, KeyTable Keys)> layouts)
    {
        foreach ((string key, KeyTable keys) in layouts)
        {
            if (source.Contains(key))
            {
                return keys;
            }
        }

        string first = string.Join(", ", source.Tensors.Take(5).Select(static tensor => tensor.Name));
        string wanted = string.Join(" or ", layouts.ToArray().Select(static layout => layout.Key));
        throw new CheckpointFormatException(
            $"{source.Source} holds no {part} of Wan2.1 in a known layout: its {source.Tensors.Count} tensors start with "
                + $"{(first.Length <= 200 ? first : first[..200])}; wanted {wanted} among them.");
    }
}
