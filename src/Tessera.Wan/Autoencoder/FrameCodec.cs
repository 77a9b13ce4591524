using System.Numerics.Tensors;
using Tessera.Neural.Checkpoints;

namespace Tessera.Wan.Autoencoder;

/// <summary>What all autoencoders do around their networks: frames in and out, tiles, progress, checks, estimates.</summary>
internal sealed class FrameCodec(Checkpoint weights, FrameNetworks networks)
{
    /// <summary>Is told the frames that modules give on, by the module's name; for tests.</summary>
    public Action<string, Frame>? Observer { get; init; }

    public void Decode(
        ReadOnlySpan<float> latent, LatentShape shape, VideoFrameConsumer consumer, VideoCodecOptions options,
        CancellationToken cancellationToken)
    {
        shape.Require(latent.Length, nameof(latent));
        ArgumentNullException.ThrowIfNull(consumer);
        TileAxis rows = new(shape.Height, options.Tiling);
        TileAxis columns = new(shape.Width, options.Tiling);
        int tiles = rows.Starts.Length * columns.Starts.Length;
        using ComputingEngine engine = new(options.Threads, cancellationToken) { Observer = Observer };
        TilePart part = new(rows, columns, 0);
        if (tiles == 1)
        {
            DecodeTile(latent, shape, part, tiles, engine, options.Progress, (index, frame) =>
            {
                PixelRange.Clamp(frame.Values);
                consumer(new VideoFrameGroup(index, frame.Height, frame.Width, frame.Values));
            });
            return;
        }

        TileCanvas canvas = new(shape, rows, columns);
        for (int tile = 0; tile < tiles; tile++)
        {
            part = new TilePart(rows, columns, tile);
            (int row, int column) = (part.Row, part.Column);
            DecodeTile(
                latent, shape, part, tiles, engine, options.Progress, (index, frame) => canvas.Add(index, row, column, frame.Values));
        }

        for (int index = 0; index < shape.VideoFrames; index++)
        {
            PixelRange.Clamp(canvas.Frame(index));
            consumer(new VideoFrameGroup(index, shape.VideoHeight, shape.VideoWidth, canvas.Frame(index)));
        }
    }

    public void Encode(
        VideoFrameSource source, LatentShape shape, Span<float> latent, VideoCodecOptions options, CancellationToken cancellationToken)
    {
        shape.Require(latent.Length, nameof(latent));
        ArgumentNullException.ThrowIfNull(source);
        if (options.Tiling is not null)
        {
            throw new ArgumentException("Encoding has no tiles; leave Tiling out.", nameof(options));
        }

        float[] encoded = new float[latent.Length];
        int written = 0;
        using ComputingEngine engine = new(options.Threads, cancellationToken) { Observer = Observer };
        FrameStage network = networks.Encoder(engine, frame =>
        {
            RequireFinite(frame);
            networks.Statistics.Write(frame, written++, shape, encoded);
        });
        int wanted = networks.PadsVideo ? LatentShape.TimeScale * shape.Frames : shape.VideoFrames;
        Frame last = default;
        for (int index = 0; index < wanted; index++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Frame frame = engine.Rent(shape.VideoHeight, shape.VideoWidth, LatentShape.PixelChannels);
            if (index < shape.VideoFrames)
            {
                source(index, frame.Values);
                networks.Pixels.ToNetwork(frame.Values);
            }
            else
            {
                engine.Copy(last, frame);
            }

            if (index == shape.VideoFrames - 1)
            {
                last = engine.Rent(frame.Height, frame.Width, frame.Channels);
                engine.Copy(frame, last);
            }

            network.Push(frame);
            options.Progress?.Report((index + 1.0) / wanted);
        }

        encoded.CopyTo(latent);
    }

    /// <summary>Bytes of frames and canvas while decoding.</summary>
    public long EstimateDecodeMemory(LatentShape shape, FrameTiling? tiling)
    {
        TileAxis rows = new(shape.Height, tiling);
        TileAxis columns = new(shape.Width, tiling);
        long canvas = rows.Starts.Length * columns.Starts.Length == 1 ? 0 : TileCanvas.Bytes(shape);
        return canvas + Count(new LatentShape(shape.Frames, rows.Length, columns.Length)).Bytes;
    }

    public FrameStage LayOutDecoder(FrameEngine engine) => networks.Decoder(engine, null);

    public double CountDecodeOperations(LatentShape shape) => Count(shape).Operations;

    public double CountExecutedOperations(LatentShape shape) => Count(shape).ExecutedOperations;

    private CountingEngine Count(LatentShape shape)
    {
        CountingEngine engine = new(threads: 0);
        FrameStage network = networks.Decoder(engine, null);
        for (int index = 0; index < shape.Frames; index++)
        {
            network.Push(engine.Rent(shape.Height, shape.Width, LatentShape.Channels));
        }

        return engine;
    }

    private void DecodeTile(
        ReadOnlySpan<float> latent, LatentShape shape, TilePart tile, int tiles, ComputingEngine engine, IProgress<double>? progress,
        Action<int, Frame> consumer)
    {
        int decoded = -networks.DroppedFrames;
        FrameStage network = networks.Decoder(engine, frame =>
        {
            int index = decoded++;
            if (index >= 0)
            {
                RequireFinite(frame);
                networks.Pixels.FromNetwork(frame.Values);
                consumer(index, frame);
            }
        });
        for (int index = 0; index < shape.Frames; index++)
        {
            Frame frame = engine.Rent(tile.Height, tile.Width, LatentShape.Channels);
            networks.Statistics.Read(latent, shape, index, tile.Top, tile.Left, frame);
            engine.Observer?.Invoke("z_denorm", frame);
            network.Push(frame);
            progress?.Report(((tile.Index * (double)shape.Frames) + index + 1) / ((double)tiles * shape.Frames));
        }

        network.Clear();
    }

    private void RequireFinite(in Frame frame)
    {
        if (!TensorPrimitives.IsFiniteAll<float>(frame.Values))
        {
            throw weights.FindNonFinite() is { } fault
                ? new CheckpointFormatException($"{weights.Source}: {fault}.")
                : new ArithmeticException(
                    $"The autoencoder of {weights.Source} overflowed, although its weights are finite: its input holds NaN or is far "
                        + "out of range.");
        }
    }
}
