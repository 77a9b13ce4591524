using System.Globalization;
using Tessera.Layout;
using Tessera.Media.Frames;

namespace Tessera.Media.Heads;

/// <summary>Pixels that one token stands for.</summary>
/// <param name="Frames">Frames.</param>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
public readonly record struct ClipPatch(int Frames, int Height, int Width)
{
    /// <summary>1 x 8 x 8 pixels.</summary>
    public static ClipPatch Default => new(1, 8, 8);

    /// <summary>RGB values of a patch.</summary>
    public int Values => Frames * Height * Width * VideoFrames.Channels;

    /// <summary>The clip size that a grid needs.</summary>
    public (int Frames, int Height, int Width) PixelsOf(TokenGrid grid) => (grid.Frames * Frames, grid.Height * Height, grid.Width * Width);

    /// <summary>The grid of a clip.</summary>
    /// <exception cref="ArgumentException">The patch does not divide the clip; the message names the nearest smaller size.</exception>
    public TokenGrid GridOf(VideoFrames clip)
    {
        ArgumentNullException.ThrowIfNull(clip);
        if (Frames < 1 || Height < 1 || Width < 1 || clip.Count % Frames != 0 || clip.Height % Height != 0 || clip.Width % Width != 0)
        {
            throw new ArgumentException(
                $"A patch of {this} pixels does not divide a clip of {clip.Count}x{clip.Height}x{clip.Width}; use "
                + $"{Whole(clip.Count, Frames)}x{Whole(clip.Height, Height)}x{Whole(clip.Width, Width)} pixels (SampleFrames, Fill) or "
                + "another patch.",
                nameof(clip));
        }

        return new TokenGrid(clip.Count / Frames, clip.Height / Height, clip.Width / Width);
    }

    /// <summary>Parses <c>FRAMESxHEIGHTxWIDTH</c>.</summary>
    /// <exception cref="FormatException">The text is not of that form.</exception>
    public static ClipPatch Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int[] sizes =
        [
            .. text.Split('x', 'X').Select(
                static part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int size) ? size : 0)
        ];
        return sizes.Length == 3 && sizes.All(static size => size > 0)
            ? new ClipPatch(sizes[0], sizes[1], sizes[2])
            : throw new FormatException($"Patch '{text}' is not FRAMESxHEIGHTxWIDTH with positive numbers, for example 1x8x8.");
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Frames}x{Height}x{Width}";

    private static int Whole(int extent, int patch) => patch < 1 ? extent : Math.Max(1, extent / patch) * patch;
}
