using System.Text.Json;
using Tessera.Neural.Checkpoints;

namespace Tessera.Wan.Checkpoints;

/// <summary>
/// Sizes of the Wan2.1 text-to-video transformer (<c>WanModel</c>). Source: Wan2.1, <c>wan/modules/model.py</c> and <c>config.json</c>.
/// </summary>
public sealed record WanTransformerConfig
{
    /// <summary>Pixels of the latent that make one token: 1 frame, 2 rows, 2 columns.</summary>
    public const int PatchVolume = 4;

    internal const int MaximumWidth = 1 << 16;
    internal const int MaximumLayers = 1 << 10;

    /// <summary>Width of the residual stream.</summary>
    public required int Dim { get; init; }

    /// <summary>Width inside the feed-forward layers.</summary>
    public required int FeedForwardDim { get; init; }

    /// <summary>Attention heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Blocks.</summary>
    public required int Layers { get; init; }

    /// <summary>Width of the timestep's sinusoid.</summary>
    public int FrequencyDim { get; init; } = 256;

    /// <summary>Width of a text row.</summary>
    public int TextDim { get; init; } = 4096;

    /// <summary>Rows of text; shorter prompts are padded with zero rows.</summary>
    public int TextLength { get; init; } = 512;

    /// <summary>Channels of the latent.</summary>
    public int Channels { get; init; } = 16;

    /// <summary>Added to variances.</summary>
    public float Epsilon { get; init; } = 1e-6f;

    /// <summary>Width of a head.</summary>
    public int HeadDim => Dim / Heads;

    /// <summary>The 1.3B model.</summary>
    public static WanTransformerConfig Small { get; } = new() { Dim = 1536, FeedForwardDim = 8960, Heads = 12, Layers = 30 };

    /// <summary>The 14B model.</summary>
    public static WanTransformerConfig Large { get; } = new() { Dim = 5120, FeedForwardDim = 13824, Heads = 40, Layers = 40 };

    /// <summary>Reads <c>config.json</c> of the original or the diffusers layout.</summary>
    /// <exception cref="CheckpointFormatException">The file is damaged, or describes a model that is not implemented.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static WanTransformerConfig Read(string path)
    {
        ConfigFile file = ConfigFile.Read(path);
        WanTransformerConfig config = file.Has("attention_head_dim") ? ReadDiffusers(file) : ReadOriginal(file);
        return config.Dim % config.Heads == 0 && config.HeadDim % 2 == 0
            ? config
            : throw file.Fault($"{config.Heads} heads do not share {config.Dim} channels in even parts");
    }

    /// <summary>Every tensor of the model, in the original naming.</summary>
    public IEnumerable<TensorSpecification> Tensors()
    {
        int patch = Channels * PatchVolume;
        yield return new("patch_embedding.weight", Dim, Channels, 1, 2, 2);
        yield return new("patch_embedding.bias", Dim);
        IEnumerable<TensorSpecification> top =
        [
            .. Linear("text_embedding.0", Dim, TextDim), .. Linear("text_embedding.2", Dim, Dim),
            .. Linear("time_embedding.0", Dim, FrequencyDim), .. Linear("time_embedding.2", Dim, Dim),
            .. Linear("time_projection.1", 6L * Dim, Dim), .. Linear("head.head", patch, Dim),
        ];
        foreach (TensorSpecification tensor in top.Concat(Enumerable.Range(0, Layers).SelectMany(Block)))
        {
            yield return tensor;
        }

        yield return new("head.modulation", 1, 2, Dim);
    }

    /// <summary>This configuration with the sizes that no original <c>config.json</c> states, read from the weights.</summary>
    /// <exception cref="CheckpointFormatException">The weights are those of another kind of model, such as image-to-video.</exception>
    public WanTransformerConfig CompletedBy(Checkpoint weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        RequireTextToVideo(weights);
        return weights.Contains("text_embedding.0.weight") && weights.Describe("text_embedding.0.weight") is { Shape: [_, long width] }
            && width is > 0 and <= MaximumWidth
                ? this with { TextDim = (int)width }
                : this;
    }

    /// <summary>Infers all sizes from weights without a configuration.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="headDim">Width of a head, the one size that weights do not show; 128 in every released model.</param>
    /// <exception cref="CheckpointFormatException">The weights are those of another model.</exception>
    public static WanTransformerConfig FromWeights(Checkpoint weights, int headDim = 128)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentOutOfRangeException.ThrowIfLessThan(headDim, 2);
        RequireTextToVideo(weights);
        WeightShapes shapes = new(weights);
        int dim = shapes.Extent("patch_embedding.weight", 0);
        return new WanTransformerConfig
        {
            Dim = dim,
            FeedForwardDim = shapes.Extent("blocks.0.ffn.0.weight", 0),
            Heads = dim % headDim == 0
                ? dim / headDim
                : throw new CheckpointFormatException($"{weights.Source}: {dim} channels are no whole number of heads of {headDim}."),
            Layers = shapes.CountBlocks("blocks."),
            FrequencyDim = shapes.Extent("time_embedding.0.weight", 1),
            TextDim = shapes.Extent("text_embedding.0.weight", 1),
            Channels = shapes.Extent("patch_embedding.weight", 1),
        };
    }

    /// <summary>Writes <c>config.json</c> of the original layout.</summary>
    internal void WriteOriginal(Stream stream)
    {
        using Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteString("_class_name", "WanModel");
        json.WriteNumber("dim", Dim);
        json.WriteNumber("eps", Epsilon);
        json.WriteNumber("ffn_dim", FeedForwardDim);
        json.WriteNumber("freq_dim", FrequencyDim);
        json.WriteNumber("in_dim", Channels);
        json.WriteString("model_type", "t2v");
        json.WriteNumber("num_heads", Heads);
        json.WriteNumber("num_layers", Layers);
        json.WriteNumber("out_dim", Channels);
        json.WriteNumber("text_len", TextLength);
        json.WriteEndObject();
    }

    private static void RequireTextToVideo(Checkpoint weights)
    {
        bool readsImages = weights.Names.Any(static name => name.StartsWith("img_emb.", StringComparison.Ordinal))
            || (weights.Contains("patch_embedding.weight") && weights.Describe("patch_embedding.weight") is { Shape: [_, 36, ..] });
        if (readsImages)
        {
            throw new CheckpointFormatException(
                $"{weights.Source} holds an image-to-video model, which is not implemented; wanted a text-to-video model.");
        }
    }

    private static WanTransformerConfig ReadOriginal(ConfigFile file)
    {
        file.Require("model_type", "\"t2v\"");
        file.Require("patch_size", "[1,2,2]");
        file.Require("qk_norm", "true");
        file.Require("cross_attn_norm", "true");
        int channels = file.Integer("in_dim", 16, 1, MaximumWidth);
        return file.Integer("out_dim", channels, 1, MaximumWidth) != channels
            ? throw file.Fault("in_dim and out_dim differ, which is not implemented")
            : new WanTransformerConfig
            {
                Dim = file.Integer("dim", null, 2, MaximumWidth),
                FeedForwardDim = file.Integer("ffn_dim", null, 1, MaximumWidth),
                Heads = file.Integer("num_heads", null, 1, MaximumWidth),
                Layers = file.Integer("num_layers", null, 1, MaximumLayers),
                FrequencyDim = file.Integer("freq_dim", 256, 2, MaximumWidth),
                TextDim = file.Integer("text_dim", 4096, 1, MaximumWidth),
                TextLength = file.Integer("text_len", 512, 1, MaximumWidth),
                Channels = channels,
                Epsilon = file.Positive("eps", 1e-6f),
            };
    }

    private static WanTransformerConfig ReadDiffusers(ConfigFile file)
    {
        if (file.Has("added_kv_proj_dim") || file.Has("image_dim"))
        {
            throw file.Fault("the model is image-to-video, which is not implemented");
        }

        file.Require("patch_size", "[1,2,2]");
        file.Require("qk_norm", "\"rms_norm_across_heads\"");
        file.Require("cross_attn_norm", "true");
        int heads = file.Integer("num_attention_heads", null, 1, MaximumWidth);
        int headDim = file.Integer("attention_head_dim", null, 2, 1 << 12);
        int channels = file.Integer("in_channels", 16, 1, MaximumWidth);
        return file.Integer("out_channels", channels, 1, MaximumWidth) != channels || (long)heads * headDim > MaximumWidth
            ? throw file.Fault("in_channels and out_channels differ, or the heads are too many")
            : new WanTransformerConfig
            {
                Dim = heads * headDim,
                FeedForwardDim = file.Integer("ffn_dim", null, 1, MaximumWidth),
                Heads = heads,
                Layers = file.Integer("num_layers", null, 1, MaximumLayers),
                FrequencyDim = file.Integer("freq_dim", 256, 2, MaximumWidth),
                TextDim = file.Integer("text_dim", 4096, 1, MaximumWidth),
                Channels = channels,
                Epsilon = file.Positive("eps", 1e-6f),
            };
    }

    private static IEnumerable<TensorSpecification> Linear(string name, long outputs, long inputs) =>
        [new($"{name}.weight", outputs, inputs), new($"{name}.bias", outputs)];

    private IEnumerable<TensorSpecification> Block(int index)
    {
        string block = $"blocks.{index}";
        return
        [
            new($"{block}.modulation", 1, 6, Dim), .. Attention($"{block}.self_attn"), new($"{block}.norm3.weight", Dim),
            new($"{block}.norm3.bias", Dim), .. Attention($"{block}.cross_attn"), .. Linear($"{block}.ffn.0", FeedForwardDim, Dim),
            .. Linear($"{block}.ffn.2", Dim, FeedForwardDim),
        ];
    }

    private IEnumerable<TensorSpecification> Attention(string name) =>
    [
        .. Linear($"{name}.q", Dim, Dim), .. Linear($"{name}.k", Dim, Dim), .. Linear($"{name}.v", Dim, Dim),
        .. Linear($"{name}.o", Dim, Dim),
        new($"{name}.norm_q.weight", Dim), new($"{name}.norm_k.weight", Dim),
    ];
}
