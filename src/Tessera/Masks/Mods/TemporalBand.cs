using Tessera.Layout;

namespace Tessera.Masks.Mods;

/// <summary>
/// The temporal heads of Sparse VideoGen (arXiv 2502.01776), exactly: a query sees the positions near its own in every frame. Text sees
/// everything.
/// </summary>
/// <param name="Grid">The grid.</param>
/// <param name="RadiusHeight">Rows on either side; 0 keeps the own row only.</param>
/// <param name="RadiusWidth">Columns on either side; 0 keeps the own column only.</param>
public readonly record struct TemporalBand(TokenGrid Grid, int RadiusHeight, int RadiusWidth) : IMaskMod, IGridWindow
{
    /// <inheritdoc/>
    public bool Allows(TokenPair pair) => GridVisibility.Allows(this, Grid, pair);

    /// <inheritdoc/>
    public BlockCoverage Classify(int head, int queryStart, int queryCount, int keyStart, int keyCount) =>
        GridVisibility.Classify(this, Grid, queryStart, queryCount, keyStart, keyCount);

    /// <inheritdoc/>
    public override string ToString() => $"temporal-band-{RadiusHeight}x{RadiusWidth}-of-{Grid}";

    AxisRange IGridWindow.Window(GridAxis axis, int query, int extent)
    {
        int radius = axis == GridAxis.Frame ? extent : axis == GridAxis.Height ? RadiusHeight : RadiusWidth;
        return new AxisRange(Math.Max(0, query - radius), Math.Min(extent - 1, query + radius));
    }
}
