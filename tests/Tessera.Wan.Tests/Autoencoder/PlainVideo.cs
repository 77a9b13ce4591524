using Tessera.Serialization;

namespace Tessera.Wan.Tests.Autoencoder;

/// <summary>
/// A whole clip in binary64, [frames, height, width, channels], and the modules of the autoencoder as they act on all of it at once: one
/// loop an axis, no caches.
/// </summary>
internal sealed class PlainVideo
{
    private readonly double[] _values;

    public PlainVideo(int frames, int height, int width, int channels, double[]? values = null)
    {
        (Frames, Height, Width, Channels) = (frames, height, width, channels);
        _values = values ?? new double[frames * height * width * channels];
    }

    public int Frames { get; }

    public int Height { get; }

    public int Width { get; }

    public int Channels { get; }

    public ReadOnlySpan<double> Values => _values;

    private double this[int t, int y, int x, int c] => t < 0 || y < 0 || x < 0 || y >= Height || x >= Width
        ? 0
        : _values[(((((t * Height) + y) * Width) + x) * Channels) + c];

    public ReadOnlySpan<double> Frame(int index) => _values.AsSpan(index * Height * Width * Channels, Height * Width * Channels);

    public PlainVideo Skip(int frames) => new(
        Frames - frames, Height, Width, Channels, _values[(frames * Height * Width * Channels)..]);

    public PlainVideo Take(int frames) => new(frames, Height, Width, Channels, _values[..(frames * Height * Width * Channels)]);

    public PlainVideo Append(PlainVideo other) => new(Frames + other.Frames, Height, Width, Channels, [.. _values, .. other._values]);

    /// <summary>Adds the same positions of another clip.</summary>
    public PlainVideo Plus(PlainVideo other) => new(
        Frames, Height, Width, Channels, [.. _values.Zip(other._values, static (left, right) => left + right)]);

    /// <summary>RMS norm over channels, then SiLU if asked.</summary>
    public PlainVideo Norm(StoredTensor gamma, bool isActivated)
    {
        float[] factors = gamma.ReadSingle();
        double[] values = new double[_values.Length];
        for (int row = 0; row < values.Length; row += Channels)
        {
            double length = Math.Sqrt(_values.AsSpan(row, Channels).ToArray().Sum(static value => value * value));
            for (int c = 0; c < Channels; c++)
            {
                double y = _values[row + c] / Math.Max(length, 1e-12) * Math.Sqrt(Channels) * factors[c];
                values[row + c] = isActivated ? y / (1 + Math.Exp(-y)) : y;
            }
        }

        return new PlainVideo(Frames, Height, Width, Channels, values);
    }

    /// <summary>
    /// A convolution: strides, zero frames in front, zeros at the top and left of a frame. What lies beyond the other sides is zero.
    /// </summary>
    public PlainVideo Convolve(StoredTensor weight, StoredTensor? bias, int lead, int border, int frameStride = 1, int stride = 1)
    {
        int outputs = (int)weight.Shape[0];
        int kt = weight.Shape.Count == 5 ? (int)weight.Shape[2] : 1;
        (int kh, int kw) = ((int)weight.Shape[^2], (int)weight.Shape[^1]);
        float[] w = weight.ReadSingle();
        float[] b = bias?.ReadSingle() ?? new float[outputs];
        PlainVideo result = new(((Frames + lead - kt) / frameStride) + 1, Height / stride, Width / stride, outputs);
        for (int i = 0; i < result._values.Length; i++)
        {
            (int position, int o) = Math.DivRem(i, outputs);
            (int row, int x) = Math.DivRem(position, result.Width);
            (int t, int y) = Math.DivRem(row, result.Height);
            double sum = b[o];
            for (int tap = 0; tap < kt * kh * kw; tap++)
            {
                int dt = (t * frameStride) - lead + (tap / (kh * kw));
                int dy = (y * stride) - border + (tap / kw % kh);
                int dx = (x * stride) - border + (tap % kw);
                for (int c = 0; c < Channels; c++)
                {
                    sum += this[dt, dy, dx, c] * w[(((o * Channels) + c) * kt * kh * kw) + tap];
                }
            }

            result._values[i] = sum;
        }

        return result;
    }

    /// <summary>Each position four times.</summary>
    public PlainVideo Double()
    {
        PlainVideo result = new(Frames, 2 * Height, 2 * Width, Channels);
        for (int i = 0; i < result._values.Length; i++)
        {
            (int position, int c) = Math.DivRem(i, Channels);
            (int row, int x) = Math.DivRem(position, result.Width);
            (int t, int y) = Math.DivRem(row, result.Height);
            result._values[i] = this[t, y / 2, x / 2, c];
        }

        return result;
    }

    /// <summary>A clip with half the channels and twice the frames: first halves at even places, second halves at odd ones.</summary>
    public PlainVideo Interleave()
    {
        int half = Channels / 2;
        PlainVideo result = new(2 * Frames, Height, Width, half);
        for (int i = 0; i < result._values.Length; i++)
        {
            (int position, int c) = Math.DivRem(i, half);
            (int t, int place) = Math.DivRem(position, Height * Width);
            result._values[i] = _values[((((t / 2 * Height * Width) + place) * Channels) + (t % 2 * half)) + c];
        }

        return result;
    }
}
