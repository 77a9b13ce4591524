using Tessera.Neural.Checkpoints;

namespace Tessera.Wan.Checkpoints;

/// <summary>
/// Sizes of the umT5 text encoder. Source: Wan2.1, <c>wan/modules/t5.py</c>; Chung et al., "UniMax", 2023.
/// </summary>
public sealed record Umt5Config
{
    /// <summary>Width of the residual stream.</summary>
    public required int Dim { get; init; }

    /// <summary>Width inside the feed-forward layers.</summary>
    public required int FeedForwardDim { get; init; }

    /// <summary>Attention heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Width of a head.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Blocks.</summary>
    public required int Layers { get; init; }

    /// <summary>Rows of the embedding.</summary>
    public required int Vocabulary { get; init; }

    /// <summary>Buckets of relative positions, half of them for keys behind the query.</summary>
    public int Buckets { get; init; } = 32;

    /// <summary>Distance from which all positions share a bucket.</summary>
    public int MaximumDistance { get; init; } = 128;

    /// <summary>Added to mean squares.</summary>
    public float Epsilon { get; init; } = 1e-6f;

    /// <summary>Width of all heads together.</summary>
    public int AttentionDim => Heads * HeadDim;

    /// <summary>umT5-XXL, the encoder of Wan2.1.</summary>
    public static Umt5Config ExtraExtraLarge { get; } =
        new() { Dim = 4096, FeedForwardDim = 10240, Heads = 64, HeadDim = 64, Layers = 24, Vocabulary = 256384 };

    /// <summary>Reads <c>config.json</c> of a transformers <c>UMT5EncoderModel</c>; the original layout has none.</summary>
    /// <exception cref="CheckpointFormatException">The file is damaged, or describes a model that is not implemented.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Umt5Config Read(string path)
    {
        ConfigFile file = ConfigFile.Read(path);
        file.Require("model_type", "\"umt5\"");
        file.Require("feed_forward_proj", "\"gated-gelu\"");
        file.Require("dense_act_fn", "\"gelu_new\"");
        file.Require("is_gated_act", "true");
        const int Most = WanTransformerConfig.MaximumWidth;
        Umt5Config config = new()
        {
            Dim = file.Integer("d_model", null, 1, Most),
            FeedForwardDim = file.Integer("d_ff", null, 1, Most),
            Heads = file.Integer("num_heads", null, 1, Most),
            HeadDim = file.Integer("d_kv", null, 1, Most),
            Layers = file.Integer("num_layers", null, 1, WanTransformerConfig.MaximumLayers),
            Vocabulary = file.Integer("vocab_size", null, 1, 1 << 24),
            Buckets = file.Integer("relative_attention_num_buckets", 32, 4, 1 << 12),
            MaximumDistance = file.Integer("relative_attention_max_distance", 128, 2, 1 << 20),
            Epsilon = file.Positive("layer_norm_epsilon", 1e-6f),
        };
        return config.Buckets % 4 == 0 && config.MaximumDistance > config.Buckets / 4 && (long)config.Heads * config.HeadDim <= Most
            ? config
            : throw file.Fault($"{config.Buckets} buckets, a distance of {config.MaximumDistance}, "
                + $"{config.Heads} heads of {config.HeadDim} do not go together; "
                + "wanted buckets in fours, a distance beyond a quarter of them, and heads of bounded width");
    }

    /// <summary>Infers all sizes from weights without a configuration.</summary>
    /// <exception cref="CheckpointFormatException">The weights are those of another model.</exception>
    public static Umt5Config FromWeights(Checkpoint weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        WeightShapes shapes = new(weights);
        int heads = shapes.Extent("blocks.0.pos_embedding.embedding.weight", 1);
        int attention = shapes.Extent("blocks.0.attn.q.weight", 0);
        int buckets = shapes.Extent("blocks.0.pos_embedding.embedding.weight", 0);
        return attention % heads != 0 || buckets % 4 != 0 || buckets > 1 << 9
            ? throw new CheckpointFormatException(
                $"{weights.Source}: {attention} channels in {heads} heads and {buckets} buckets are no umT5 encoder.")
            : new Umt5Config
            {
                Dim = shapes.Extent("token_embedding.weight", 1),
                FeedForwardDim = shapes.Extent("blocks.0.ffn.fc1.weight", 0),
                Heads = heads,
                HeadDim = attention / heads,
                Layers = shapes.CountBlocks("blocks."),
                Vocabulary = shapes.Extent("token_embedding.weight", 0),
                Buckets = buckets,
            };
    }

    /// <summary>Every tensor of the model, in the original naming.</summary>
    public IEnumerable<TensorSpecification> Tensors() =>
    [
        new("token_embedding.weight", Vocabulary, Dim), .. Enumerable.Range(0, Layers).SelectMany(Block), new("norm.weight", Dim),
    ];

    private IEnumerable<TensorSpecification> Block(int index)
    {
        string block = $"blocks.{index}";
        return
        [
            new($"{block}.norm1.weight", Dim), new($"{block}.attn.q.weight", AttentionDim, Dim),
            new($"{block}.attn.k.weight", AttentionDim, Dim), new($"{block}.attn.v.weight", AttentionDim, Dim),
            new($"{block}.attn.o.weight", Dim, AttentionDim), new($"{block}.pos_embedding.embedding.weight", Buckets, Heads),
            new($"{block}.norm2.weight", Dim), new($"{block}.ffn.gate.0.weight", FeedForwardDim, Dim),
            new($"{block}.ffn.fc1.weight", FeedForwardDim, Dim), new($"{block}.ffn.fc2.weight", Dim, FeedForwardDim),
        ];
    }
}
