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
    private readonly LatentStatistics _statistics;
    private readonly Lazy<WanVaeDecoder> _decoder;
    private readonly Lazy<WanVaeEncoder> _encoder;

    /// <summary>Makes an autoencoder of weights, which it owns from now on.</summary>
    /// <exception cref="CheckpointFormatException">Tensors are missing or of another shape; all are listed.</exception>
    public WanVae(Checkpoint weights, WanVaeConfig config)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(config);
        weights.Require("Wan2.1 video autoencoder", config.Tensors());
        _weights = weights;
        Config = config;
        _statistics = new LatentStatistics(config);
        _decoder = new Lazy<WanVaeDecoder>(() => new WanVaeDecoder(weights));
        _encoder = new Lazy<WanVaeEncoder>(() => new WanVaeEncoder(weights));
    }

    /// <summary>Sizes.</summary>
    public WanVaeConfig Config { get; }

    /// <inheritdoc/>
    public string Name => "wan-vae";

    /// <summary>Is told the frames that modules give on, by the module's name; for tests.</summary>
    internal Action<string, Frame>? Observer { get; init; }

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
        CancellationToken cancellationToken = default)
    {
        shape.Require(latent.Length, nameof(latent));
        ArgumentNullException.ThrowIfNull(consumer);
        options ??= VideoCodecOptions.Default;
        TileAxis rows = new(shape.Height, options.Tiling);
        TileAxis columns = new(shape.Width, options.Tiling);
        using ComputingEngine engine = new(options.Threads, cancellationToken) { Observer = Observer };
        if (rows.Starts.Length * columns.Starts.Length == 1)
        {
            (int, int, int, int) whole = (0, 0, shape.Height, shape.Width);
            DecodeTile(latent, shape, whole, engine, options.Progress, 0, 1, (index, frame) =>
            {
                PixelRange.Clamp(frame.Values);
                consumer(new VideoFrameGroup(index, frame.Height, frame.Width, frame.Values));
            });
            return;
        }

        TileCanvas canvas = new(shape, rows, columns);
        int tiles = rows.Starts.Length * columns.Starts.Length;
        for (int tile = 0; tile < tiles; tile++)
        {
            (int row, int column) = Math.DivRem(tile, columns.Starts.Length);
            (int, int, int, int) part = (rows.Starts[row], columns.Starts[column], rows.Length, columns.Length);
            DecodeTile(
                latent, shape, part, engine, options.Progress, tile, tiles,
                (index, frame) => canvas.Add(index, row, column, frame.Values));
        }

        for (int index = 0; index < shape.VideoFrames; index++)
        {
            PixelRange.Clamp(canvas.Frame(index));
            consumer(new VideoFrameGroup(index, shape.VideoHeight, shape.VideoWidth, canvas.Frame(index)));
        }
    }

    /// <inheritdoc/>
    public void Encode(
        VideoFrameSource source, LatentShape shape, Span<float> latent, VideoCodecOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        shape.Require(latent.Length, nameof(latent));
        ArgumentNullException.ThrowIfNull(source);
        options ??= VideoCodecOptions.Default;
        if (options.Tiling is not null)
        {
            throw new ArgumentException("Encoding has no tiles; leave Tiling out.", nameof(options));
        }

        float[] encoded = new float[latent.Length];
        int written = 0;
        using ComputingEngine engine = new(options.Threads, cancellationToken) { Observer = Observer };
        FrameStage network = _encoder.Value.Build(engine, frame =>
        {
            PixelRange.RequireFinite(frame.Values, _weights);
            _statistics.Write(frame, written++, shape, encoded);
        });
        for (int index = 0; index < shape.VideoFrames; index++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Frame frame = engine.Rent(shape.VideoHeight, shape.VideoWidth, LatentShape.PixelChannels);
            source(index, frame.Values);
            network.Push(frame);
            options.Progress?.Report((index + 1.0) / shape.VideoFrames);
        }

        encoded.CopyTo(latent);
    }

    /// <inheritdoc/>
    public long EstimateDecodeMemory(LatentShape shape, FrameTiling? tiling = null)
    {
        TileAxis rows = new(shape.Height, tiling);
        TileAxis columns = new(shape.Width, tiling);
        long canvas = rows.Starts.Length * columns.Starts.Length == 1 ? 0 : TileCanvas.Bytes(shape);
        long weights = Config.Tensors().Where(WanVaeDecoder.Owns).Sum(static tensor => tensor.ElementCount * sizeof(float));
        return weights + canvas + Count(new LatentShape(shape.Frames, rows.Length, columns.Length)).Bytes;
    }

    /// <inheritdoc/>
    public double CountDecodeOperations(LatentShape shape) => Count(shape).Operations;

    /// <summary>Closes the weights.</summary>
    public void Dispose() => _weights.Dispose();

    private CountingEngine Count(LatentShape shape)
    {
        CountingEngine engine = new(threads: 0);
        FrameStage network = _decoder.Value.Build(engine, consumer: null);
        for (int index = 0; index < shape.Frames; index++)
        {
            network.Push(engine.Rent(shape.Height, shape.Width, LatentShape.Channels));
        }

        return engine;
    }

    private void DecodeTile(
        ReadOnlySpan<float> latent, LatentShape shape, (int Top, int Left, int Height, int Width) tile, ComputingEngine engine,
        IProgress<double>? progress, int tileIndex, int tiles, Action<int, Frame> consumer)
    {
        int decoded = 0;
        FrameStage network = _decoder.Value.Build(engine, frame =>
        {
            PixelRange.RequireFinite(frame.Values, _weights);
            consumer(decoded++, frame);
        });
        for (int index = 0; index < shape.Frames; index++)
        {
            Frame frame = engine.Rent(tile.Height, tile.Width, LatentShape.Channels);
            _statistics.Read(latent, shape, index, tile.Top, tile.Left, frame);
            engine.Observer?.Invoke("z_denorm", frame);
            network.Push(frame);
            progress?.Report(((tileIndex * (double)shape.Frames) + index + 1) / ((double)tiles * shape.Frames));
        }

        network.Clear();
    }
}
