using Tessera.Neural.Checkpoints;
using Tessera.Serialization;
using Tessera.Wan.Autoencoder;

namespace Tessera.Wan.TinyAutoencoder;

/// <summary>
/// The tiny autoencoder TAEHV with weights for Wan2.1 (<c>taew2_1</c>): a preview of what <see cref="WanVae"/> would decode, without its
/// attention, its norms and most of its width. It works on normalised latents. Each block remembers one frame, so memory does not grow
/// with the length of the video. Safe for concurrent use.
/// </summary>
/// <remarks>
/// Source: madebyollin/taehv, <c>taehv.py</c>. The decoder makes four frames of each latent frame; the first three belong to no video of
/// 4n + 1 frames, and their last level is not computed. The encoder repeats the last frame up to a multiple of four.
/// </remarks>
public sealed class TinyVae : IVideoCodec
{
    private const string ModelName = "tiny autoencoder of Wan2.1 (taew2_1)";
    private const int UnusedFrames = LatentShape.TimeScale - 1;

    private readonly Checkpoint _weights;
    private readonly FrameCodec _codec;
    private readonly FrameCodec _counting;

    /// <summary>Makes an autoencoder of weights, which it owns from now on.</summary>
    /// <exception cref="CheckpointFormatException">Tensors are missing, too many or of another shape; all are listed.</exception>
    public TinyVae(Checkpoint weights)
        : this(weights, observer: null)
    {
    }

    /// <param name="weights">Weights.</param>
    /// <param name="observer">Is told the frames that modules give on, those that belong to no video too.</param>
    internal TinyVae(Checkpoint weights, Action<string, Frame>? observer)
    {
        ArgumentNullException.ThrowIfNull(weights);
        Config = TinyVaeConfig.FromWeights(weights);
        weights.Require(ModelName, Config.Tensors());
        _weights = weights;
        Lazy<TinyDecoder> decoder = new(() => new TinyDecoder(weights));
        Lazy<TinyEncoder> encoder = new(() => new TinyEncoder(weights));
        FrameNetworks all = new()
        {
            Decoder = (engine, consumer) => decoder.Value.Build(engine, consumer, unused: 0),
            Encoder = (engine, consumer) => encoder.Value.Build(engine, consumer),
            Statistics = LatentStatistics.None,
            Pixels = PixelRange.Unit,
            DroppedFrames = UnusedFrames,
            PadsVideo = true,
        };
        FrameNetworks used = all with
        {
            Decoder = (engine, consumer) => decoder.Value.Build(engine, consumer, UnusedFrames),
            DroppedFrames = 0,
        };
        _counting = new FrameCodec(weights, all) { Observer = observer };
        _codec = observer is null ? new FrameCodec(weights, used) : _counting;
    }

    /// <summary>Sizes.</summary>
    public TinyVaeConfig Config { get; }

    /// <inheritdoc/>
    public string Name => "taehv";

    /// <summary>Opens an autoencoder.</summary>
    /// <param name="path">A safetensors file or a PyTorch file.</param>
    /// <exception cref="CheckpointFormatException">The file holds another model; missing, extra and misshapen tensors are
    /// listed.</exception>
    /// <exception cref="IOException">The file is damaged or cannot be opened.</exception>
    public static TinyVae Open(string path) => new(OpenWeights(path));

    /// <summary>Opens the weights of an autoencoder.</summary>
    /// <param name="path">A safetensors file or a PyTorch file.</param>
    /// <exception cref="CheckpointFormatException">The file holds another model; missing, extra and misshapen tensors are
    /// listed.</exception>
    /// <exception cref="IOException">The file is damaged or cannot be opened.</exception>
    public static Checkpoint OpenWeights(string path)
    {
        ITensorSource source = Checkpoint.OpenSource(path);
        try
        {
            Checkpoint weights = new(source, KeyTable.Identity("taehv"));
            weights.Require(ModelName, TinyVaeConfig.FromWeights(weights).Tensors());
            return weights;
        }
        catch
        {
            source.Dispose();
            throw;
        }
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
            + Config.Tensors().Where(static tensor => tensor.Name.StartsWith("decoder.", StringComparison.Ordinal))
                .Sum(static tensor => tensor.ElementCount * sizeof(float));

    /// <inheritdoc/>
    public double CountDecodeOperations(LatentShape shape) => _counting.CountDecodeOperations(shape);

    /// <inheritdoc/>
    public double CountExecutedOperations(LatentShape shape) => _codec.CountExecutedOperations(shape);

    /// <summary>Lays the decoder out on an engine and returns where to push; for measurements.</summary>
    internal FrameStage LayOutDecoder(FrameEngine engine) => _codec.LayOutDecoder(engine);

    /// <summary>Closes the weights.</summary>
    public void Dispose() => _weights.Dispose();
}
