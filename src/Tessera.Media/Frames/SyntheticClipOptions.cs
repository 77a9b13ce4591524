namespace Tessera.Media.Frames;

/// <summary>Size and seed of a <see cref="SyntheticClip"/>.</summary>
public sealed record SyntheticClipOptions
{
    /// <summary>Frames.</summary>
    public int Count { get; init; } = 16;

    /// <summary>Rows of pixels.</summary>
    public int Height { get; init; } = 192;

    /// <summary>Columns of pixels.</summary>
    public int Width { get; init; } = 256;

    /// <summary>Frames per second.</summary>
    public FrameRate Rate { get; init; } = FrameRate.Default;

    /// <summary>Chooses texture, colours and paths; equal options give equal clips.</summary>
    public ulong Seed { get; init; } = 1;
}
