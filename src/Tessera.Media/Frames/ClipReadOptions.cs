namespace Tessera.Media.Frames;

/// <summary>What to take from a clip.</summary>
public sealed record ClipReadOptions
{
    /// <summary>Rows of pixels; null keeps the clip's own (or follows from <see cref="Width"/>).</summary>
    public int? Height { get; init; }

    /// <summary>
    /// Columns of pixels; null keeps the clip's own (or follows from <see cref="Height"/>). When both are given, the centre is cut to their
    /// proportions.
    /// </summary>
    public int? Width { get; init; }

    /// <summary>Frames; null takes all from <see cref="Start"/> on. Asking for more than there are is an error.</summary>
    public int? FrameCount { get; init; }

    /// <summary>Frames per second to sample at; null keeps the clip's own.</summary>
    public FrameRate? Rate { get; init; }

    /// <summary>Where to begin.</summary>
    public TimeSpan Start { get; init; }

    /// <summary>Sizes that the options ask for, given the clip's own.</summary>
    internal (int Height, int Width) SizeFor(int height, int width) => (Height, Width) switch
    {
        ({ } rows, { } columns) => (rows, columns),
        ({ } rows, null) => (rows, Math.Max(1, (int)Math.Round((double)width * rows / height))),
        (null, { } columns) => (Math.Max(1, (int)Math.Round((double)height * columns / width)), columns),
        _ => (height, width),
    };

    internal void Validate()
    {
        if (Height < 1 || Width < 1 || FrameCount < 1 || Start < TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(
                nameof(Height),
                $"Height {Height}, width {Width} and frame count {FrameCount} must be positive, and the start {Start} not negative.");
        }
    }
}
