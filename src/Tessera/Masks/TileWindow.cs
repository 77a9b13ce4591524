using System.Globalization;
using Tessera.Layout;

namespace Tessera.Masks;

/// <summary>
/// How many tiles a query tile sees along each axis, in tiles, frames x height x width. Windows keep their size at borders: they are pushed
/// inward, so every query tile sees exactly the product of min(window, count) tiles.
/// </summary>
/// <remarks>
/// The rule of Sliding Tile Attention: lo = clamp(u - floor(n / 2), 0, N - n'), n' = min(n, N). For odd n this clamps the centre; for even
/// n it leaves n/2 tiles before and n/2 - 1 after, as attention-gym does. FPSAttention's Eq. 2 taken literally, |c_u - c_v| at most n/2,
/// would see n + 1 tiles for even n and fewer at borders; windows are quoted in tiles there too, and its densities follow the clamped rule.
/// </remarks>
/// <param name="Frames">Tiles along time; at least 1.</param>
/// <param name="Height">Tiles along rows; at least 1.</param>
/// <param name="Width">Tiles along columns; at least 1.</param>
public readonly record struct TileWindow(int Frames, int Height, int Width)
{
    /// <summary>
    /// First and last tile (inclusive) that tile <paramref name="index"/> sees along an axis of <paramref name="count"/> tiles with a
    /// window of <paramref name="window"/>.
    /// </summary>
    public static (int First, int Last) Range(int index, int window, int count)
    {
        int seen = Math.Min(window, count);
        int first = Math.Clamp(index - (window / 2), 0, count - seen);
        return (first, first + seen - 1);
    }

    /// <summary>Tiles along time that a tile sees.</summary>
    public (int First, int Last) FrameRange(int index, TileLayout layout) => Range(index, Frames, layout.Counts.Frames);

    /// <summary>Tiles along rows that a tile sees.</summary>
    public (int First, int Last) RowRange(int index, TileLayout layout) => Range(index, Height, layout.Counts.Height);

    /// <summary>Tiles along columns that a tile sees.</summary>
    public (int First, int Last) ColumnRange(int index, TileLayout layout) => Range(index, Width, layout.Counts.Width);

    /// <summary>Key tiles that each query tile of a grid of <paramref name="counts"/> tiles sees.</summary>
    public int TilesSeen((int Frames, int Height, int Width) counts) =>
        Math.Min(Frames, counts.Frames) * Math.Min(Height, counts.Height) * Math.Min(Width, counts.Width);

    /// <summary>
    /// Share of tile pairs seen: the density that papers quote. Blocks computed may differ a little where border tiles are small.
    /// </summary>
    public double TileDensity((int Frames, int Height, int Width) counts) =>
        TilesSeen(counts) / ((double)counts.Frames * counts.Height * counts.Width);

    /// <summary>The same window cut to the number of tiles.</summary>
    public TileWindow Within((int Frames, int Height, int Width) counts) =>
        new(Math.Min(Frames, counts.Frames), Math.Min(Height, counts.Height), Math.Min(Width, counts.Width));

    /// <summary>Parses <c>FxHxW</c>, in tiles.</summary>
    /// <exception cref="FormatException">The text is not of that form.</exception>
    public static TileWindow Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] parts = text.Split('x');
        int[] sizes = new int[3];
        bool parsed = parts.Length == 3;
        for (int i = 0; parsed && i < 3; i++)
        {
            parsed = int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out sizes[i]) && sizes[i] >= 1;
        }

        return parsed
            ? new TileWindow(sizes[0], sizes[1], sizes[2])
            : throw new FormatException($"Window '{text}' is not FRAMESxHEIGHTxWIDTH in tiles, for example 6x6x1.");
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Frames}x{Height}x{Width}";
}
