using Tessera.Layout;

namespace Tessera.Masks.Mods;

/// <summary>
/// Sliding Tile Attention (arXiv 2502.04507) as a functor: a query sees all tokens of the tiles in the window of its own tile. In
/// tile-major order (<see cref="TileLayout"/>) every block is full or empty; in any other order the same mask has partial blocks. Text sees
/// everything.
/// </summary>
/// <param name="Grid">The grid.</param>
/// <param name="Tile">Tokens of a tile.</param>
/// <param name="Window">Tiles seen per axis.</param>
public readonly record struct SlidingTile3D(TokenGrid Grid, TileShape Tile, TileWindow Window) : IMaskMod, IGridWindow
{
    /// <inheritdoc/>
    public bool Allows(TokenPair pair) => GridVisibility.Allows(this, Grid, pair);

    /// <inheritdoc/>
    public BlockCoverage Classify(int head, int queryStart, int queryCount, int keyStart, int keyCount) =>
        GridVisibility.Classify(this, Grid, queryStart, queryCount, keyStart, keyCount);

    /// <inheritdoc/>
    public override string ToString() => $"sta-{Window}-of-tiles-{Tile}-of-{Grid}";

    AxisRange IGridWindow.Window(GridAxis axis, int query, int extent)
    {
        int window = axis == GridAxis.Frame ? Window.Frames : axis == GridAxis.Height ? Window.Height : Window.Width;
        int tile = axis == GridAxis.Frame ? Tile.Frames : axis == GridAxis.Height ? Tile.Height : Tile.Width;
        (int first, int last) = TileWindow.Range(query / tile, window, CeilingDivision.Of(extent, tile));
        return new AxisRange(first * tile, Math.Min(((last + 1) * tile) - 1, extent - 1));
    }
}
