using Tessera.Layout;

namespace Tessera.Masks.Mods;

/// <summary>
/// Neighbourhood attention in 3D (NATTEN): a query sees the box of 2 * radius + 1 tokens per axis around it, pushed inward at borders so
/// that every query sees the same number of keys. Text sees everything.
/// </summary>
/// <remarks>
/// Functors see natural tokens whatever the storage order, so the "tiled" and "Morton" variants of attention-gym are this functor with
/// <see cref="TileLayout.Order"/> or <see cref="GridOrders.Morton"/>: the same mask with other blocks.
/// </remarks>
/// <param name="Grid">The grid.</param>
/// <param name="RadiusFrames">Frames on either side; at least 0.</param>
/// <param name="RadiusHeight">Rows on either side; at least 0.</param>
/// <param name="RadiusWidth">Columns on either side; at least 0.</param>
public readonly record struct Natten3D(TokenGrid Grid, int RadiusFrames, int RadiusHeight, int RadiusWidth) : IMaskMod, IGridWindow
{
    /// <inheritdoc/>
    public bool Allows(TokenPair pair) => GridVisibility.Allows(this, Grid, pair);

    /// <inheritdoc/>
    public BlockCoverage Classify(int head, int queryStart, int queryCount, int keyStart, int keyCount) =>
        GridVisibility.Classify(this, Grid, queryStart, queryCount, keyStart, keyCount);

    /// <inheritdoc/>
    public override string ToString() => $"natten-{RadiusFrames}x{RadiusHeight}x{RadiusWidth}-of-{Grid}";

    AxisRange IGridWindow.Window(GridAxis axis, int query, int extent)
    {
        int radius = axis == GridAxis.Frame ? RadiusFrames : axis == GridAxis.Height ? RadiusHeight : RadiusWidth;
        int seen = (int)Math.Min((2L * radius) + 1, extent);
        int low = Math.Clamp(query - radius, 0, extent - seen);
        return new AxisRange(low, low + seen - 1);
    }
}
