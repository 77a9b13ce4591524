using Tessera.Layout;

namespace Tessera.Methods.Paro;

/// <summary>Lists the token orders that the options ask for, in the order that breaks ties.</summary>
internal static class ParoCandidateOrders
{
    /// <summary>Distinct orders over natural tokens, unpadded: axis orders by ascending id first.</summary>
    public static IReadOnlyList<TokenOrder> List(TokenGrid grid, ParoOptions options)
    {
        List<TokenOrder> orders = [];
        if (options.Candidates.HasFlag(ParoCandidateSet.AxisOrders))
        {
            orders.AddRange(AxisOrder.All.Select(order => TokenOrder.ForAxisOrder(grid, order)));
        }

        if (options.Candidates.HasFlag(ParoCandidateSet.ReversedAxisOrders))
        {
            orders.AddRange(AxisOrder.All.Select(order => Reversed(grid, TokenOrder.ForAxisOrder(grid, order))));
        }

        if (options.Candidates.HasFlag(ParoCandidateSet.Hilbert))
        {
            orders.Add(GridOrders.Hilbert(grid));
        }

        if (options.Candidates.HasFlag(ParoCandidateSet.Morton))
        {
            orders.Add(GridOrders.Morton(grid));
        }

        orders.AddRange(options.CandidateTiles.Select(tile => TileMajor(grid, tile)));
        orders.AddRange(options.FurtherOrders);
        return [.. orders.Distinct()];
    }

    /// <summary>
    /// Tile-major order without padding: partial border tiles just hold fewer tokens, and all candidates have one slot count.
    /// </summary>
    public static TokenOrder TileMajor(TokenGrid grid, TileShape tile) => new TileLayout(grid, tile, alignment: 1).Order;

    private static TokenOrder Reversed(TokenGrid grid, TokenOrder order)
    {
        int[] tokenAt = order.TokenAtSlot.ToArray();
        Array.Reverse(tokenAt, grid.VideoStart, grid.VideoTokens);
        return new TokenOrder(tokenAt, $"{order.Name}-reversed");
    }
}
