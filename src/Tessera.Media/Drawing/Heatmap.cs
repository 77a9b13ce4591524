using Tessera.Media.Formats;

namespace Tessera.Media.Drawing;

/// <summary>Draws a matrix in <see cref="ColorMap.Viridis"/>, with a mask over it when there is one.</summary>
public static class Heatmap
{
    private const float KeptThreshold = 0.5f;

    /// <summary>Draws a matrix.</summary>
    /// <param name="values">rows x columns, row-major, not negative.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="options">Scale; null means the defaults.</param>
    /// <param name="kept">Empty, or the kept share of each cell: cells below one half are drawn in gray, brighter where more is
    /// lost.</param>
    /// <exception cref="ArgumentException">A span does not hold rows x columns values.</exception>
    public static RasterImage Draw(
        ReadOnlySpan<float> values, int rows, int columns, HeatmapOptions? options = null, ReadOnlySpan<float> kept = default)
    {
        options ??= new HeatmapOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.CellSize, 1, nameof(options));
        if (values.Length != (long)rows * columns || (!kept.IsEmpty && kept.Length != values.Length))
        {
            throw new ArgumentException(
                $"values holds {values.Length} and kept {kept.Length} numbers; {rows} x {columns} need {(long)rows * columns}.",
                nameof(values));
        }

        int cell = options.CellSize;
        byte[] pixels = new byte[checked(rows * cell * columns * cell * 3)];
        double maximum = options.Maximum ?? Largest(values);
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                int at = (row * columns) + column;
                bool dropped = !kept.IsEmpty && kept[at] < KeptThreshold;
                FillCell(pixels, columns * cell, row * cell, column * cell, cell, Shade(Normalise(values[at], maximum, options), dropped));
            }
        }

        if (!kept.IsEmpty && options.OutlinesKept)
        {
            Outline(pixels, kept, rows, columns, cell);
        }

        return new RasterImage(rows * cell, columns * cell, 3, pixels);
    }

    private static double Normalise(float value, double maximum, HeatmapOptions options)
    {
        double share = maximum > 0 ? Math.Max(0, value / maximum) : 0;
        return options.Decades > 0 ? 1 + (Math.Log10(Math.Max(share, 1e-300)) / options.Decades) : Math.Pow(share, options.Gamma);
    }

    private static (byte Red, byte Green, byte Blue) Shade(double value, bool dropped)
    {
        if (!dropped)
        {
            return ColorMap.Viridis(value);
        }

        // Gray lies off the colour scale, and light lost is lighter: what was given up stays visible.
        double lost = double.IsNaN(value) ? 0 : Math.Clamp(value, 0, 1);
        return ((byte)(128 + (122 * lost)), (byte)(134 + (116 * lost)), (byte)(143 + (107 * lost)));
    }

    private static void FillCell(byte[] pixels, int stride, int top, int left, int size, (byte Red, byte Green, byte Blue) colour)
    {
        for (int y = top; y < top + size; y++)
        {
            for (int x = left; x < left + size; x++)
            {
                SetPixel(pixels, (y * stride) + x, colour);
            }
        }
    }

    /// <summary>A line of one pixel on the dropped side of each border.</summary>
    private static void Outline(byte[] pixels, ReadOnlySpan<float> kept, int rows, int columns, int cell)
    {
        (byte, byte, byte) line = (255, 122, 69);
        int stride = columns * cell;
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                if (kept[(row * columns) + column] >= KeptThreshold)
                {
                    continue;
                }

                bool left = column > 0 && kept[(row * columns) + column - 1] >= KeptThreshold;
                bool right = column + 1 < columns && kept[(row * columns) + column + 1] >= KeptThreshold;
                bool above = row > 0 && kept[((row - 1) * columns) + column] >= KeptThreshold;
                bool below = row + 1 < rows && kept[((row + 1) * columns) + column] >= KeptThreshold;
                for (int i = 0; i < cell; i++)
                {
                    int corner = (row * cell * stride) + (column * cell);
                    SetPixelIf(left, pixels, corner + (i * stride), line);
                    SetPixelIf(right, pixels, corner + (i * stride) + cell - 1, line);
                    SetPixelIf(above, pixels, corner + i, line);
                    SetPixelIf(below, pixels, corner + ((cell - 1) * stride) + i, line);
                }
            }
        }
    }

    private static void SetPixelIf(bool condition, byte[] pixels, int index, (byte Red, byte Green, byte Blue) colour)
    {
        if (condition)
        {
            SetPixel(pixels, index, colour);
        }
    }

    private static void SetPixel(byte[] pixels, int index, (byte Red, byte Green, byte Blue) colour)
    {
        pixels[3 * index] = colour.Red;
        pixels[(3 * index) + 1] = colour.Green;
        pixels[(3 * index) + 2] = colour.Blue;
    }

    private static double Largest(ReadOnlySpan<float> values)
    {
        float largest = 0;
        foreach (float value in values)
        {
            largest = Math.Max(largest, value);
        }

        return largest;
    }
}
