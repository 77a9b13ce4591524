using Spectre.Console;
using Spectre.Console.Rendering;

namespace Tessera.Cli.Explaining;

/// <summary>
/// Heat maps side by side in a terminal: two cells a character with half blocks in colour, or one character a cell (brighter is denser,
/// brackets-free, skipped cells as dots) where there is no colour.
/// </summary>
/// <param name="maps">Maps of equal height.</param>
internal sealed class TerminalHeatMap(params IReadOnlyList<HeatMap> maps) : IRenderable
{
    private const string UpperHalf = "\u2580";
    private const string Gap = "   ";

    // Darkest to brightest by ink; a skipped cell with mass is a dot.
    private const string Ink = " -=+*%#@";
    private const string SkippedInk = " .";

    /// <summary>Cells a side that fit two maps next to each other.</summary>
    public static int CellsFor(int consoleWidth) => Math.Clamp((consoleWidth - Gap.Length) / 2, 8, 56);

    public Measurement Measure(RenderOptions options, int maxWidth) => new(Width, Width);

    public IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        bool colored = options.ColorSystem != ColorSystem.NoColors;
        int rows = maps.Max(static map => map.Rows);
        for (int row = 0; row < rows; row += colored ? 2 : 1)
        {
            for (int index = 0; index < maps.Count; index++)
            {
                if (index > 0)
                {
                    yield return new Segment(Gap);
                }

                foreach (Segment segment in colored ? Halves(maps[index], row) : [new Segment(Characters(maps[index], row))])
                {
                    yield return segment;
                }
            }

            yield return Segment.LineBreak;
        }
    }

    private int Width => maps.Sum(static map => map.Columns) + (Gap.Length * (maps.Count - 1));

    private static IEnumerable<Segment> Halves(HeatMap map, int row)
    {
        for (int column = 0; column < map.Columns; column++)
        {
            Color background = row + 1 < map.Rows ? ColorAt(map, row + 1, column) : Color.Default;
            yield return row < map.Rows ? new Segment(UpperHalf, new Style(ColorAt(map, row, column), background)) : new Segment(" ");
        }
    }

    private static string Characters(HeatMap map, int row) => row >= map.Rows
        ? new string(' ', map.Columns)
        : string.Create(map.Columns, (map, row), static (line, state) =>
    {
        for (int column = 0; column < line.Length; column++)
        {
            int cell = (state.row * state.map.Columns) + column;
            string ink = state.map.Kept[cell] >= 0.5 ? Ink : SkippedInk;
            line[column] = ink[(int)Math.Round(state.map.Brightness[cell] * (ink.Length - 1))];
        }
    });

    private static Color ColorAt(HeatMap map, int row, int column)
    {
        int cell = (row * map.Columns) + column;
        (byte red, byte green, byte blue) = HeatPalette.ColorOf(map.Brightness[cell], map.Kept[cell]);
        return new Color(red, green, blue);
    }
}
