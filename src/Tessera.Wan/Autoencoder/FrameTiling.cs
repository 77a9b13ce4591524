namespace Tessera.Wan.Autoencoder;

/// <summary>
/// Overlapping square tiles of a frame. Tiles stand at even distances of at most the stride, the last one at the end of the frame;
/// overlaps are blended linearly.
/// </summary>
/// <remarks>
/// The sizes are those of diffusers' <c>AutoencoderKLWan.enable_tiling</c>. There tiles stand at multiples of the stride, so the last one
/// may be a sliver that sees little of the picture; here all tiles have the full size.
/// </remarks>
public sealed record FrameTiling
{
    private readonly int _tile = 256;
    private readonly int _stride = 192;

    /// <summary>Tiles of 256 pixels, 192 apart.</summary>
    public static FrameTiling Default { get; } = new();

    /// <summary>Pixels of a tile along height and width, a multiple of 8.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is no positive multiple of 8.</exception>
    public int Tile
    {
        get => _tile;
        init => _tile = Positive(value, nameof(Tile));
    }

    /// <summary>Pixels from one tile to the next at most, a multiple of 8 below <see cref="Tile"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The distance is no positive multiple of 8.</exception>
    public int Stride
    {
        get => _stride;
        init => _stride = Positive(value, nameof(Stride));
    }

    private static int Positive(int pixels, string name) => pixels > 0 && pixels % LatentShape.SpaceScale == 0
        ? pixels
        : throw new ArgumentOutOfRangeException(name, pixels, $"{name} is {pixels} pixels; wanted a positive multiple of 8.");
}
