using System.Globalization;

namespace Tessera.Layout;

/// <summary>
/// The latent token grid of a video, Frames x Height x Width, with the text tokens that share its sequence.
/// Natural order is row-major [F, H, W] with W fastest; text stands in front, at the back, or is absent.
/// </summary>
/// <remarks>Wan2.1 at 480p with 81 frames is 21x30x52; CogVideoX at 49 frames is 13x30x45 with 226 text tokens in front.</remarks>
public readonly record struct TokenGrid
{
    /// <summary>Makes a grid. Any positive sizes are legal; nothing has to divide anything.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A size is below 1, the text count is negative, or the sequence exceeds 2^31-1
    /// tokens.</exception>
    /// <exception cref="ArgumentException">Text tokens are given without a placement, or a placement without tokens.</exception>
    public TokenGrid(int Frames, int Height, int Width, int TextTokens = 0, TextPlacement TextPlacement = TextPlacement.None)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Frames, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Width, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(TextTokens);
        Int128 tokens = ((Int128)Frames * Height * Width) + TextTokens;
        if (tokens > int.MaxValue)
        {
            throw new ArgumentOutOfRangeException(
                nameof(Frames),
                $"A grid of {Frames}x{Height}x{Width} with {TextTokens} text tokens has {tokens} tokens; at most {int.MaxValue} fit.");
        }

        if (TextTokens > 0 != (TextPlacement != TextPlacement.None))
        {
            throw new ArgumentException(
                $"{TextTokens} text tokens were given with placement {TextPlacement}; "
                    + "text needs Front or Back, and None needs 0 text tokens.",
                nameof(TextPlacement));
        }

        this.Frames = Frames;
        this.Height = Height;
        this.Width = Width;
        this.TextTokens = TextTokens;
        this.TextPlacement = TextPlacement;
    }

    /// <summary>Latent frames.</summary>
    public int Frames { get; }

    /// <summary>Rows of patches.</summary>
    public int Height { get; }

    /// <summary>Columns of patches.</summary>
    public int Width { get; }

    /// <summary>Text tokens that share the sequence.</summary>
    public int TextTokens { get; }

    /// <summary>Where the text tokens stand.</summary>
    public TextPlacement TextPlacement { get; }

    /// <summary>Video tokens: Frames * Height * Width.</summary>
    public int VideoTokens => Frames * Height * Width;

    /// <summary>All tokens of the sequence, text included.</summary>
    public int Tokens => VideoTokens + TextTokens;

    /// <summary>Tokens of one frame.</summary>
    public int FrameTokens => Height * Width;

    /// <summary>Natural index of the first video token.</summary>
    public int VideoStart => TextPlacement == TextPlacement.Front ? TextTokens : 0;

    /// <summary>Natural index of the first text token; meaningful when <see cref="TextTokens"/> is positive.</summary>
    public int TextStart => TextPlacement == TextPlacement.Back ? VideoTokens : 0;

    /// <summary>Extent of one axis.</summary>
    public int Extent(GridAxis axis) => axis switch
    {
        GridAxis.Frame => Frames,
        GridAxis.Height => Height,
        GridAxis.Width => Width,
        _ => throw new ArgumentOutOfRangeException(nameof(axis), axis, "Wanted Frame, Height or Width."),
    };

    /// <summary>Whether a natural token index is a text token.</summary>
    public bool IsText(int token) => (uint)(token - VideoStart) >= (uint)VideoTokens;

    /// <summary>Natural index of the video token at (frame, row, column).</summary>
    public int IndexOf(int frame, int row, int column) => VideoStart + (((frame * Height) + row) * Width) + column;

    /// <summary>Grid coordinates of a video token. The token must not be text.</summary>
    public (int Frame, int Row, int Column) CoordinatesOf(int token)
    {
        int video = token - VideoStart;
        int rows = Math.DivRem(video, Width, out int column);
        int frame = Math.DivRem(rows, Height, out int row);
        return (frame, row, column);
    }

    /// <summary>The grid without its text tokens.</summary>
    public TokenGrid WithoutText() => new(Frames, Height, Width);

    /// <summary>
    /// Parses <c>FxHxW</c>, optionally followed by <c>+N@front</c> or <c>+N@back</c>, the form that <see cref="ToString"/> writes.
    /// </summary>
    /// <exception cref="FormatException">The text is not of that form.</exception>
    public static TokenGrid Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] parts = text.Split('+');
        string[] sizes = parts[0].Split('x', 'X', '*');
        if (parts.Length > 2 || sizes.Length != 3
            || !int.TryParse(sizes[0], NumberStyles.None, CultureInfo.InvariantCulture, out int frames)
            || !int.TryParse(sizes[1], NumberStyles.None, CultureInfo.InvariantCulture, out int height)
            || !int.TryParse(sizes[2], NumberStyles.None, CultureInfo.InvariantCulture, out int width)
            || frames < 1 || height < 1 || width < 1)
        {
            throw new FormatException(
                $"Grid '{text}' is not FRAMESxHEIGHTxWIDTH with positive numbers, for example 13x30x45 or 13x30x45+226@front.");
        }

        return parts.Length == 1 ? new TokenGrid(frames, height, width) : new TokenGrid(frames, height, width).WithText(parts[1]);
    }

    /// <summary>The same grid with text tokens given as <c>N@front</c> or <c>N@back</c>; <c>0</c> means none.</summary>
    /// <exception cref="FormatException">The text is not of that form.</exception>
    public TokenGrid WithText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] parts = text.Split('@');
        bool counted = int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int tokens);
        if (counted && tokens == 0)
        {
            return WithoutText();
        }

        TextPlacement placement = parts.Length != 2 ? TextPlacement.None : parts[1] switch
        {
            "front" => TextPlacement.Front,
            "back" => TextPlacement.Back,
            _ => TextPlacement.None,
        };
        if (!counted || placement == TextPlacement.None)
        {
            throw new FormatException($"Text '{text}' is not COUNT@front or COUNT@back, for example 226@front.");
        }

        return new TokenGrid(Frames, Height, Width, tokens, placement);
    }

    /// <inheritdoc/>
    public override string ToString() =>
        TextTokens == 0
            ? $"{Frames}x{Height}x{Width}"
            : $"{Frames}x{Height}x{Width}+{TextTokens}@{(TextPlacement == TextPlacement.Front ? "front" : "back")}";
}
