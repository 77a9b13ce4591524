namespace Tessera.Neural.Convolutions;

/// <summary>Extents of a channels-last video <c>[frames, height, width, channels]</c>; an image is one frame.</summary>
/// <param name="Frames">Frames.</param>
/// <param name="Height">Rows of a frame.</param>
/// <param name="Width">Columns of a frame.</param>
public readonly record struct FrameSize(int Frames, int Height, int Width)
{
    /// <summary>Positions of one frame.</summary>
    public int FramePositions => checked(Height * Width);

    /// <summary>Positions of all frames.</summary>
    public long Positions => (long)Frames * Height * Width;

    /// <inheritdoc/>
    public override string ToString() => $"{Frames}x{Height}x{Width}";
}
