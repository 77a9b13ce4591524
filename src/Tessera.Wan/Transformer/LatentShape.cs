using Tessera.Layout;

namespace Tessera.Wan.Transformer;

/// <summary>Sizes of a latent video, row-major [channels, frames, height, width].</summary>
public readonly record struct LatentShape
{
    /// <summary>Rows and columns of a patch; one token stands for a patch of one frame.</summary>
    public const int PatchSize = 2;

    /// <summary>Makes a shape.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A size is below 1.</exception>
    /// <exception cref="ArgumentException">Height or width is odd.</exception>
    public LatentShape(int Channels, int Frames, int Height, int Width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Channels, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Frames, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Width, 1);
        if (Height % PatchSize != 0 || Width % PatchSize != 0)
        {
            throw new ArgumentException(
                $"A latent of {Height}x{Width} is no whole number of {PatchSize}x{PatchSize} patches; "
                    + $"wanted even sizes, {Height + (Height % PatchSize)}x{Width + (Width % PatchSize)} for example.",
                nameof(Height));
        }

        this.Channels = Channels;
        this.Frames = Frames;
        this.Height = Height;
        this.Width = Width;
    }

    /// <summary>Channels.</summary>
    public int Channels { get; }

    /// <summary>Latent frames.</summary>
    public int Frames { get; }

    /// <summary>Rows; even.</summary>
    public int Height { get; }

    /// <summary>Columns; even.</summary>
    public int Width { get; }

    /// <summary>Numbers of the latent.</summary>
    public long Elements => (long)Channels * Frames * Height * Width;

    /// <summary>Tokens that the transformer sees.</summary>
    public TokenGrid Grid => new(Frames, Height / PatchSize, Width / PatchSize);

    /// <inheritdoc/>
    public override string ToString() => $"[{Channels}, {Frames}, {Height}, {Width}]";
}
