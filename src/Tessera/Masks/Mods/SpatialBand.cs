using Tessera.Layout;

namespace Tessera.Masks.Mods;

/// <summary>
/// The spatial heads of Sparse VideoGen (arXiv 2502.01776), exactly: a query sees whole frames near its own. Text sees everything.
/// </summary>
/// <param name="Grid">The grid.</param>
/// <param name="RadiusFrames">Frames on either side; 0 keeps the own frame only.</param>
public readonly record struct SpatialBand(TokenGrid Grid, int RadiusFrames) : IMaskMod, IGridWindow
{
    /// <inheritdoc/>
    public bool Allows(TokenPair pair) => GridVisibility.Allows(this, Grid, pair);

    /// <inheritdoc/>
    public BlockCoverage Classify(int head, int queryStart, int queryCount, int keyStart, int keyCount) =>
        GridVisibility.Classify(this, Grid, queryStart, queryCount, keyStart, keyCount);

    /// <inheritdoc/>
    public override string ToString() => $"spatial-band-{RadiusFrames}-of-{Grid}";

    AxisRange IGridWindow.Window(GridAxis axis, int query, int extent) =>
        axis == GridAxis.Frame
            ? new AxisRange(Math.Max(0, query - RadiusFrames), Math.Min(extent - 1, query + RadiusFrames))
            : new AxisRange(0, extent - 1);
}
