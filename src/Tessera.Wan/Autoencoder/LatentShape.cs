namespace Tessera.Wan.Autoencoder;

/// <summary>
/// Extents of a latent, [16, frames, height, width], and of the video that it stands for: the first latent frame is one video frame, each
/// other one four, and a latent position is 8 x 8 pixels.
/// </summary>
/// <param name="Frames">Latent frames, T.</param>
/// <param name="Height">Latent rows, h.</param>
/// <param name="Width">Latent columns, w.</param>
public readonly record struct LatentShape(int Frames, int Height, int Width)
{
    /// <summary>Channels of a latent position.</summary>
    public const int Channels = 16;

    /// <summary>Video frames of a latent frame that is not the first.</summary>
    public const int TimeScale = 4;

    /// <summary>Pixels of a latent position along height and width.</summary>
    public const int SpaceScale = 8;

    /// <summary>Channels of a pixel: red, green, blue.</summary>
    public const int PixelChannels = 3;

    /// <summary>Frames of the video: 4 (T - 1) + 1.</summary>
    public int VideoFrames => checked((TimeScale * (Frames - 1)) + 1);

    /// <summary>Rows of pixels.</summary>
    public int VideoHeight => checked(SpaceScale * Height);

    /// <summary>Columns of pixels.</summary>
    public int VideoWidth => checked(SpaceScale * Width);

    /// <summary>Numbers of the latent.</summary>
    public long Length => (long)Channels * Frames * Height * Width;

    /// <summary>Positions of one latent frame.</summary>
    public int FramePositions => checked(Height * Width);

    /// <summary>Numbers of one frame of pixels, height x width x 3.</summary>
    public int VideoFrameLength => checked(VideoHeight * VideoWidth * PixelChannels);

    /// <summary>The latent of a video.</summary>
    /// <param name="frames">Video frames, 4n + 1.</param>
    /// <param name="height">Rows of pixels, a multiple of 8.</param>
    /// <param name="width">Columns of pixels, a multiple of 8.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is another; the message gives the nearest legal values.</exception>
    public static LatentShape OfVideo(int frames, int height, int width)
    {
        if (frames < 1 || (frames - 1) % TimeScale != 0)
        {
            int lower = (Math.Max(frames - 1, 0) / TimeScale * TimeScale) + 1;
            throw new ArgumentOutOfRangeException(
                nameof(frames), frames,
                $"A video of {frames} frames has no latent; wanted 4n + 1, such as {lower} or {lower + TimeScale}.");
        }

        RequireMultiple(height, nameof(height));
        RequireMultiple(width, nameof(width));
        return new LatentShape(((frames - 1) / TimeScale) + 1, height / SpaceScale, width / SpaceScale);
    }

    /// <summary>Checks that all extents are positive and that the latent has the length it says.</summary>
    /// <param name="length">Numbers that are there.</param>
    /// <param name="argument">Name of the argument that holds them.</param>
    /// <exception cref="ArgumentException">They do not fit.</exception>
    public void Require(int length, string argument)
    {
        if (Frames < 1 || Height < 1 || Width < 1 || length != Length)
        {
            throw new ArgumentException(
                $"{length} numbers are no latent [{Channels}, {Frames}, {Height}, {Width}]; wanted positive extents and {Length} numbers.",
                argument);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Frames}x{Height}x{Width}";

    private static void RequireMultiple(int extent, string argument)
    {
        if (extent < 1 || extent % SpaceScale != 0)
        {
            int lower = Math.Max(SpaceScale, extent / SpaceScale * SpaceScale);
            throw new ArgumentOutOfRangeException(
                argument, extent, $"{extent} is no multiple of {SpaceScale}; the nearest are {lower} and {lower + SpaceScale}.");
        }
    }
}
