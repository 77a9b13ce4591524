using Tessera.Neural.Checkpoints;
using Tessera.Wan.Checkpoints;

namespace Tessera.Wan.Autoencoder;

/// <summary>
/// The causal video autoencoder of Wan2.1: four times fewer frames, eight times fewer rows and columns, 16 channels. Frames flow through
/// the network one by one, and each causal convolution keeps the two inputs it saw last, so memory does not grow with the length of the
/// video and the result is that of the whole sequence at once. Safe for concurrent use.
/// </summary>
/// <remarks>Source: Wan2.1, <c>wan/modules/vae.py</c>, <c>WanVAE_</c>.</remarks>
public sealed class WanVae : IVideoCodec
{
    private readonly Checkpoint _weights;
    private readonly FrameCodec _codec;

    /// <summary>Makes an autoencoder of weights, which it owns from now on.</summary>
    /// <exception cref="CheckpointFormatException">Tensors are missing or of another shape; all are listed.</exception>
    public WanVae(Checkpoint weights, WanVaeConfig config)
        : this(weights, config, observer: null)
    {
    }

    internal WanVae(Checkpoint weights, WanVaeConfig config, Action<string, Frame>? observer)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(config);
        weights.Require("Wan2.1 video autoencoder", config.Tensors());
        _weights = weights;
        Config = config;
        Lazy<WanVaeDecoder> decoder = new(() => new WanVaeDecoder(weights));
        Lazy<WanVaeEncoder> encoder = new(() => new WanVaeEncoder(weights));
        FrameNetworks networks = new()
        {
            Decoder = (engine, consumer) => decoder.Value.Build(engine, consumer),
            Encoder = (engine, consumer) => encoder.Value.Build(engine, consumer),
            Statistics = new LatentStatistics(config),
            Pixels = PixelRange.Signed,
        };
        _codec = new FrameCodec(weights, networks) { Observer = observer };
    }

    /// <summary>Sizes.</summary>
    public WanVaeConfig Config { get; }

    /// <inheritdoc/>
    public string Name => "wan-vae";

    /// <summary>Opens an autoencoder in any layout.</summary>
    /// <param name="path">A safetensors file or a PyTorch file.</param>
    /// <exception cref="CheckpointFormatException">The file holds another model; missing, extra and misshapen tensors are
    /// listed.</exception>
    /// <exception cref="IOException">The file is damaged or cannot be opened.</exception>
    public static WanVae Open(string path)
    {
        (Checkpoint weights, WanVaeConfig config) = WanWeights.OpenVae(path);
        return new WanVae(weights, config);
    }

    /// <inheritdoc/>
    public void Decode(
        ReadOnlySpan<float> latent, LatentShape shape, VideoFrameConsumer consumer, VideoCodecOptions? options = null,
        CancellationToken cancellationToken = default) =>
        _codec.Decode(latent, shape, consumer, options ?? VideoCodecOptions.Default, cancellationToken);

    /// <inheritdoc/>
    public void Encode(
        VideoFrameSource source, LatentShape shape, Span<float> latent, VideoCodecOptions? options = null,
        CancellationToken cancellationToken = default) =>
        _codec.Encode(source, shape, latent, options ?? VideoCodecOptions.Default, cancellationToken);

    /// <inheritdoc/>
    public long EstimateDecodeMemory(LatentShape shape, FrameTiling? tiling = null) =>
        _codec.EstimateDecodeMemory(shape, tiling)
            + Config.Tensors().Where(WanVaeDecoder.Owns).Sum(static tensor => tensor.ElementCount * sizeof(float));

    /// <inheritdoc/>
    public double CountDecodeOperations(LatentShape shape) => _codec.CountDecodeOperations(shape);

    /// <inheritdoc/>
    public double CountExecutedOperations(LatentShape shape) => _codec.CountExecutedOperations(shape);

    /// <summary>Lays the decoder out on an engine and returns where to push; for measurements.</summary>
    internal FrameStage LayOutDecoder(FrameEngine engine) => _codec.LayOutDecoder(engine);

    /// <summary>Closes the weights.</summary>
    public void Dispose() => _weights.Dispose();
}
