using Tessera.Layout;

namespace Tessera.Masks.Mods;

/// <summary>The smallest box of the grid around a run of consecutive natural video tokens.</summary>
internal readonly record struct GridBox(AxisRange Frames, AxisRange Rows, AxisRange Columns)
{
    /// <summary>The box of a run that holds no text.</summary>
    public static GridBox Around(in TokenGrid grid, int start, int count)
    {
        (int frame0, int row0, int column0) = grid.CoordinatesOf(start);
        (int frame1, int row1, int column1) = grid.CoordinatesOf(start + count - 1);
        bool oneFrame = frame0 == frame1;
        bool oneRow = oneFrame && row0 == row1;
        return new GridBox(
            new AxisRange(frame0, frame1),
            oneFrame ? new AxisRange(row0, row1) : new AxisRange(0, grid.Height - 1),
            oneRow ? new AxisRange(column0, column1) : new AxisRange(0, grid.Width - 1));
    }
}
