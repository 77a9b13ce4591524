using Tessera.Layout;

namespace Tessera.Masks.Mods;

/// <summary>
/// What all functors over the grid share: text sees everything and is seen by all; video pairs follow the windows of the three axes.
/// </summary>
internal static class GridVisibility
{
    /// <summary>Whether a pair is visible.</summary>
    public static bool Allows<TWindow>(in TWindow window, in TokenGrid grid, TokenPair pair)
        where TWindow : struct, IGridWindow
    {
        if (grid.IsText(pair.Query) || grid.IsText(pair.Key))
        {
            return true;
        }

        (int queryFrame, int queryRow, int queryColumn) = grid.CoordinatesOf(pair.Query);
        (int keyFrame, int keyRow, int keyColumn) = grid.CoordinatesOf(pair.Key);
        return window.Window(GridAxis.Frame, queryFrame, grid.Frames).Contains(keyFrame)
            && window.Window(GridAxis.Height, queryRow, grid.Height).Contains(keyRow)
            && window.Window(GridAxis.Width, queryColumn, grid.Width).Contains(keyColumn);
    }

    /// <summary>What is known of a rectangle of natural tokens.</summary>
    public static BlockCoverage Classify<TWindow>(
        in TWindow window, in TokenGrid grid, int queryStart, int queryCount, int keyStart, int keyCount)
        where TWindow : struct, IGridWindow
    {
        int queryText = TextTokens(grid, queryStart, queryCount);
        int keyText = TextTokens(grid, keyStart, keyCount);
        if (queryText == queryCount || keyText == keyCount)
        {
            return BlockCoverage.Full;
        }

        if (queryText > 0 || keyText > 0)
        {
            return BlockCoverage.Partial;
        }

        GridBox queries = GridBox.Around(grid, queryStart, queryCount);
        GridBox keys = GridBox.Around(grid, keyStart, keyCount);
        BlockCoverage coverage = Axis(window, GridAxis.Frame, grid.Frames, queries.Frames, keys.Frames);
        coverage = Emptier(coverage, Axis(window, GridAxis.Height, grid.Height, queries.Rows, keys.Rows));
        return Emptier(coverage, Axis(window, GridAxis.Width, grid.Width, queries.Columns, keys.Columns));
    }

    private static BlockCoverage Axis<TWindow>(in TWindow window, GridAxis axis, int extent, AxisRange queries, AxisRange keys)
        where TWindow : struct, IGridWindow
    {
        // Ends never fall with the query, so the first query has the lowest ends and the last one the highest.
        AxisRange first = window.Window(axis, queries.Low, extent);
        AxisRange last = window.Window(axis, queries.High, extent);
        return last.Low <= keys.Low && keys.High <= first.High ? BlockCoverage.Full
            : keys.High < first.Low || keys.Low > last.High ? BlockCoverage.Empty
            : BlockCoverage.Partial;
    }

    private static BlockCoverage Emptier(BlockCoverage x, BlockCoverage y) => x < y ? x : y;

    private static int TextTokens(in TokenGrid grid, int start, int count)
    {
        int firstVideo = Math.Max(start, grid.VideoStart);
        int endVideo = Math.Min(start + count, grid.VideoStart + grid.VideoTokens);
        return count - Math.Max(0, endVideo - firstVideo);
    }
}
