using Tessera.Layout;

namespace Tessera.Masks.Mods;

/// <summary>
/// Neighbourhood attention whose window moves tile by tile: all queries of a tile share the window of the token in the middle of the tile
/// (generalised neighbourhood attention with a stride of one tile). Key windows need not be whole tiles. Text sees everything.
/// </summary>
/// <param name="Grid">The grid.</param>
/// <param name="Tile">Queries that share a window.</param>
/// <param name="RadiusFrames">Frames on either side; at least 0.</param>
/// <param name="RadiusHeight">Rows on either side; at least 0.</param>
/// <param name="RadiusWidth">Columns on either side; at least 0.</param>
public readonly record struct TiledNatten3D(
    TokenGrid Grid, TileShape Tile, int RadiusFrames, int RadiusHeight, int RadiusWidth) : IMaskMod, IGridWindow
{
    /// <inheritdoc/>
    public bool Allows(TokenPair pair) => GridVisibility.Allows(this, Grid, pair);

    /// <inheritdoc/>
    public BlockCoverage Classify(int head, int queryStart, int queryCount, int keyStart, int keyCount) =>
        GridVisibility.Classify(this, Grid, queryStart, queryCount, keyStart, keyCount);

    /// <inheritdoc/>
    public override string ToString() => $"tiled-natten-{RadiusFrames}x{RadiusHeight}x{RadiusWidth}-by-{Tile}-of-{Grid}";

    AxisRange IGridWindow.Window(GridAxis axis, int query, int extent)
    {
        int radius = axis == GridAxis.Frame ? RadiusFrames : axis == GridAxis.Height ? RadiusHeight : RadiusWidth;
        int tile = axis == GridAxis.Frame ? Tile.Frames : axis == GridAxis.Height ? Tile.Height : Tile.Width;
        int leader = Math.Min((query / tile * tile) + (tile / 2), extent - 1);
        int seen = (int)Math.Min((2L * radius) + 1, extent);
        int low = Math.Clamp(leader - radius, 0, extent - seen);
        return new AxisRange(low, low + seen - 1);
    }
}
