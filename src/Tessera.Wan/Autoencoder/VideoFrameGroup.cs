namespace Tessera.Wan.Autoencoder;

/// <summary>Consecutive frames of a video as pixels in [-1, 1], [frames, height, width, 3], red first.</summary>
/// <param name="first">Number of the first frame within the video.</param>
/// <param name="height">Rows of pixels.</param>
/// <param name="width">Columns of pixels.</param>
/// <param name="pixels">The pixels; valid as long as whoever made the group says.</param>
public readonly ref struct VideoFrameGroup(int first, int height, int width, ReadOnlySpan<float> pixels)
{
    /// <summary>Number of the first frame within the video.</summary>
    public int First { get; } = first;

    /// <summary>Rows of pixels.</summary>
    public int Height { get; } = height;

    /// <summary>Columns of pixels.</summary>
    public int Width { get; } = width;

    /// <summary>Pixels in [-1, 1], [frames, height, width, 3].</summary>
    public ReadOnlySpan<float> Pixels { get; } = pixels;

    /// <summary>Numbers of one frame.</summary>
    public int FrameLength => Height * Width * LatentShape.PixelChannels;

    /// <summary>Frames.</summary>
    public int Count => Pixels.Length / FrameLength;

    /// <summary>Pixels of one frame of the group, height x width x 3.</summary>
    public ReadOnlySpan<float> Frame(int index) => Pixels.Slice(index * FrameLength, FrameLength);
}
