using Tessera.Wan.Checkpoints;

namespace Tessera.Wan.Autoencoder;

/// <summary>
/// Between the transformer's latents, [16, frames, height, width] with mean 0 and deviation 1 a channel, and the autoencoder's frames,
/// [height, width, channels]: <c>z = latent deviation + mean</c>. Immutable.
/// </summary>
internal sealed class LatentStatistics
{
    private readonly float[] _mean;
    private readonly float[] _deviation;

    /// <summary>Takes the statistics of a configuration.</summary>
    public LatentStatistics(WanVaeConfig config)
        : this([.. config.LatentMean], [.. config.LatentDeviation])
    {
    }

    private LatentStatistics(float[] mean, float[] deviation)
    {
        _mean = mean;
        _deviation = deviation;
    }

    /// <summary>Latents that are used as they are.</summary>
    public static LatentStatistics None { get; } = new(new float[LatentShape.Channels], [.. Enumerable.Repeat(1f, LatentShape.Channels)]);

    /// <summary>Reads one frame of a latent, or a part of it.</summary>
    /// <param name="latent">[16, T, h, w].</param>
    /// <param name="shape">T, h and w.</param>
    /// <param name="index">Latent frame.</param>
    /// <param name="top">First row.</param>
    /// <param name="left">First column.</param>
    /// <param name="frame">Receives z; its extents say which part.</param>
    public void Read(ReadOnlySpan<float> latent, LatentShape shape, int index, int top, int left, in Frame frame)
    {
        Span<float> values = frame.Values;
        for (int channel = 0; channel < LatentShape.Channels; channel++)
        {
            ReadOnlySpan<float> plane = latent.Slice(((channel * shape.Frames) + index) * shape.FramePositions, shape.FramePositions);
            for (int position = 0; position < frame.Height * frame.Width; position++)
            {
                float value = plane[((top + (position / frame.Width)) * shape.Width) + left + (position % frame.Width)];
                values[(position * LatentShape.Channels) + channel] = (value * _deviation[channel]) + _mean[channel];
            }
        }
    }

    /// <summary>Writes one frame of a latent.</summary>
    /// <param name="frame">z in its first 16 channels.</param>
    /// <param name="index">Latent frame.</param>
    /// <param name="shape">T, h and w.</param>
    /// <param name="latent">Receives [16, T, h, w].</param>
    public void Write(in Frame frame, int index, LatentShape shape, Span<float> latent)
    {
        ReadOnlySpan<float> values = frame.Values;
        for (int channel = 0; channel < LatentShape.Channels; channel++)
        {
            Span<float> plane = latent.Slice(((channel * shape.Frames) + index) * shape.FramePositions, shape.FramePositions);
            for (int position = 0; position < plane.Length; position++)
            {
                plane[position] = (values[(position * frame.Channels) + channel] - _mean[channel]) / _deviation[channel];
            }
        }
    }
}
