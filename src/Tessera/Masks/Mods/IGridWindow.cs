using Tessera.Layout;

namespace Tessera.Masks.Mods;

/// <summary>
/// A visibility rule that is a product of one window per axis of the grid. Both ends of each window must never fall as the query coordinate
/// grows; that is what lets a whole box of queries be judged by its two corners.
/// </summary>
internal interface IGridWindow
{
    /// <summary>Key coordinates along an axis that a query at <paramref name="query"/> sees.</summary>
    AxisRange Window(GridAxis axis, int query, int extent);
}
