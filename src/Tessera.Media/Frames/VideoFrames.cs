namespace Tessera.Media.Frames;

/// <summary>
/// A clip in memory: frames x height x width x RGB, one byte a channel, row-major with the channel fastest. The pixels belong to the object
/// and are never shared between clips.
/// </summary>
public sealed class VideoFrames
{
    /// <summary>Bytes of a pixel.</summary>
    public const int Channels = 3;

    private readonly byte[] _pixels;

    /// <summary>Makes a black clip.</summary>
    /// <param name="count">Frames.</param>
    /// <param name="height">Rows of pixels.</param>
    /// <param name="width">Columns of pixels.</param>
    /// <param name="rate">Frames per second; null means <see cref="FrameRate.Default"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is below 1, or the clip does not fit in one array of 2^31-1 bytes.</exception>
    public VideoFrames(int count, int height, int width, FrameRate? rate = null)
        : this(count, height, width, rate, new byte[RequiredBytes(count, height, width)])
    {
    }

    /// <summary>Wraps pixels; the array becomes the clip's own.</summary>
    /// <param name="count">Frames.</param>
    /// <param name="height">Rows of pixels.</param>
    /// <param name="width">Columns of pixels.</param>
    /// <param name="rate">Frames per second; null means <see cref="FrameRate.Default"/>.</param>
    /// <param name="pixels">count x height x width x 3 bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is below 1 or the clip is too large.</exception>
    /// <exception cref="ArgumentException">The array has another length.</exception>
    public VideoFrames(int count, int height, int width, FrameRate? rate, byte[] pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        int wanted = RequiredBytes(count, height, width);
        if (pixels.Length != wanted)
        {
            throw new ArgumentException(
                $"pixels holds {pixels.Length} bytes; {count} RGB frames of {height} x {width} need {wanted}.", nameof(pixels));
        }

        Count = count;
        Height = height;
        Width = width;
        Rate = rate is { Numerator: > 0 } given ? given : FrameRate.Default;
        _pixels = pixels;
    }

    /// <summary>Frames.</summary>
    public int Count { get; }

    /// <summary>Rows of pixels.</summary>
    public int Height { get; }

    /// <summary>Columns of pixels.</summary>
    public int Width { get; }

    /// <summary>Frames per second.</summary>
    public FrameRate Rate { get; }

    /// <summary>Bytes of one frame.</summary>
    public int FrameBytes => Height * Width * Channels;

    /// <summary>Playing time.</summary>
    public TimeSpan Duration => TimeSpan.FromSeconds(Count / Rate.FramesPerSecond);

    /// <summary>All pixels.</summary>
    public Span<byte> Pixels => _pixels;

    /// <summary>Pixels of one frame, height x width x 3.</summary>
    public Span<byte> Frame(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        return _pixels.AsSpan(index * FrameBytes, FrameBytes);
    }

    /// <summary>Bytes of a clip.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A size is below 1, or the clip does not fit in one array of 2^31-1 bytes.</exception>
    public static int RequiredBytes(int count, int height, int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        Int128 bytes = (Int128)count * height * width * Channels;
        return bytes <= Array.MaxLength
            ? (int)bytes
            : throw new ArgumentOutOfRangeException(
                nameof(count),
                $"{count} RGB frames of {height} x {width} take {bytes} bytes; at most {Array.MaxLength} fit. Take fewer or smaller "
                + "frames.");
    }

    /// <summary>
    /// <paramref name="count"/> frames spread evenly over the clip, the first always included: output k is input floor(k * Count / count).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The count is not 1..<see cref="Count"/>.</exception>
    public VideoFrames SampleFrames(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Count);
        VideoFrames sample = new(count, Height, Width, Rate);
        for (int k = 0; k < count; k++)
        {
            Frame((int)((long)k * Count / count)).CopyTo(sample.Frame(k));
        }

        return sample;
    }

    /// <summary>Consecutive frames.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the clip.</exception>
    public VideoFrames Slice(int start, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Count - start);
        return new VideoFrames(count, Height, Width, Rate, _pixels.AsSpan(start * FrameBytes, count * FrameBytes).ToArray());
    }

    /// <summary>A rectangle of every frame.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The rectangle leaves the frame.</exception>
    public VideoFrames Crop(int top, int left, int height, int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(top);
        ArgumentOutOfRangeException.ThrowIfNegative(left);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(height, Height - top);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, Width - left);
        VideoFrames crop = new(Count, height, width, Rate);
        for (int frame = 0; frame < Count; frame++)
        {
            for (int row = 0; row < height; row++)
            {
                Frame(frame).Slice((((top + row) * Width) + left) * Channels, width * Channels)
                    .CopyTo(crop.Frame(frame)[(row * width * Channels)..]);
            }
        }

        return crop;
    }

    /// <summary>The clip scaled to a size with a triangle filter that widens when it shrinks, so that nothing aliases.</summary>
    public VideoFrames Resize(int height, int width) =>
        height == Height && width == Width ? Slice(0, Count) : FrameResizer.Resize(this, height, width);

    /// <summary>The largest centred rectangle of the wanted proportions, scaled to the wanted size: nothing is stretched.</summary>
    public VideoFrames Fill(int height, int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        double scale = Math.Min((double)Height / height, (double)Width / width);
        int rows = Math.Clamp((int)Math.Round(height * scale), 1, Height);
        int columns = Math.Clamp((int)Math.Round(width * scale), 1, Width);
        return Crop((Height - rows) / 2, (Width - columns) / 2, rows, columns).Resize(height, width);
    }

    /// <summary>|this - other| x gain per channel, cut at 255: what a mask or a number format did to a clip.</summary>
    /// <param name="other">A clip of the same size.</param>
    /// <param name="gain">Factor of the difference, positive.</param>
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    public VideoFrames AbsoluteDifference(VideoFrames other, double gain = 1)
    {
        RequireSameSize(other);
        VideoFrames difference = new(Count, Height, Width, Rate);
        for (int i = 0; i < _pixels.Length; i++)
        {
            difference._pixels[i] = (byte)Math.Min(255, Math.Round(Math.Abs(_pixels[i] - other._pixels[i]) * gain));
        }

        return difference;
    }

    /// <summary>
    /// Peak signal to noise ratio over all RGB bytes, 10 log10(255^2 / mean squared difference); infinite for equal clips.
    /// </summary>
    /// <param name="other">A clip of the same size.</param>
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    public double PeakSignalToNoise(VideoFrames other)
    {
        RequireSameSize(other);
        long sum = 0;
        for (int i = 0; i < _pixels.Length; i++)
        {
            int difference = _pixels[i] - other._pixels[i];
            sum += difference * difference;
        }

        return 10 * Math.Log10(255.0 * 255.0 * _pixels.Length / sum);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Count} frames of {Height}x{Width} at {Rate}/s";

    private void RequireSameSize(VideoFrames other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Count != Count || other.Height != Height || other.Width != Width)
        {
            throw new ArgumentException($"the other clip has {other}; wanted {Count} frames of {Height}x{Width}.", nameof(other));
        }
    }
}
