using Tessera.Wan.Checkpoints;
using Tessera.Wan.TinyAutoencoder;

namespace Tessera.Wan.Initialization;

/// <summary>Sizes of all parts of a model.</summary>
/// <param name="Transformer">The transformer.</param>
/// <param name="TextEncoder">The text encoder; as wide as the transformer's text rows.</param>
/// <param name="Vae">The video autoencoder.</param>
public sealed record WanModelSizes(WanTransformerConfig Transformer, Umt5Config TextEncoder, WanVaeConfig Vae)
{
    /// <summary>The tiny autoencoder.</summary>
    public TinyVaeConfig TinyVae { get; init; } = new();

    /// <summary>A model of some megabytes for tests, with heads of 128 as in the released ones.</summary>
    public static WanModelSizes Tiny { get; } = new(
        new WanTransformerConfig { Dim = 256, FeedForwardDim = 512, Heads = 2, Layers = 2, TextDim = 64, TextLength = 64 },
        new Umt5Config { Dim = 64, FeedForwardDim = 160, Heads = 4, HeadDim = 16, Layers = 2, Vocabulary = 512 },
        new WanVaeConfig { BaseDim = 8 })
    {
        TinyVae = new TinyVaeConfig { DecoderWidths = [32, 16, 8, 8], EncoderWidth = 8 },
    };

    /// <summary>Wan2.1 T2V 1.3B.</summary>
    public static WanModelSizes Small { get; } = new(WanTransformerConfig.Small, Umt5Config.ExtraExtraLarge, new WanVaeConfig());

    /// <summary>Wan2.1 T2V 14B.</summary>
    public static WanModelSizes Large { get; } = new(WanTransformerConfig.Large, Umt5Config.ExtraExtraLarge, new WanVaeConfig());
}
