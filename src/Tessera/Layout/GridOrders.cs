namespace Tessera.Layout;

/// <summary>
/// Catalogue of token orders over a grid beyond the six axis orders. Each holds every token once, needs no divisibility, and leaves text
/// tokens in their place. Tile-major order is <see cref="TileLayout.Order"/>.
/// </summary>
public static class GridOrders
{
    /// <summary>
    /// The generalised Hilbert curve: consecutive slots hold neighbouring tokens, in boxes of any sides. SpargeAttention's token order for
    /// video (arXiv 2502.18137) and the order of DFSAttn.
    /// </summary>
    public static TokenOrder Hilbert(TokenGrid grid)
    {
        int[] tokenAt = Natural(grid);
        int slot = grid.VideoStart;
        HilbertCurve curve = new(grid.Frames, grid.Height, grid.Width);
        foreach ((int frame, int row, int column) in curve.Points())
        {
            tokenAt[slot++] = grid.IndexOf(frame, row, column);
        }

        return new TokenOrder(tokenAt, "hilbert");
    }

    /// <summary>Morton (Z) order: tokens sorted by the interleaved bits of (frame, row, column), the column in the lowest bit.</summary>
    public static TokenOrder Morton(TokenGrid grid)
    {
        int[] tokenAt = Natural(grid);
        ulong[] codes = new ulong[grid.VideoTokens];
        for (int video = 0; video < codes.Length; video++)
        {
            (int frame, int row, int column) = grid.CoordinatesOf(grid.VideoStart + video);
            codes[video] = (Spread(frame) << 2) | (Spread(row) << 1) | Spread(column);
        }

        Span<int> videoTokens = tokenAt.AsSpan(grid.VideoStart, grid.VideoTokens);
        codes.AsSpan().Sort(videoTokens);
        return new TokenOrder(tokenAt, "morton");
    }

    /// <summary>
    /// Token-major order, slot = position * Frames + frame: the tokens of one position of all frames stand together. Sparse VideoGen's
    /// layout transform for temporal heads (arXiv 2502.01776); the axis order HWF.
    /// </summary>
    public static TokenOrder TokenMajor(TokenGrid grid) => TokenOrder.ForAxisOrder(grid, AxisOrder.Parse("HWF"));

    /// <summary>Frame-major order, slot = frame * FrameTokens + position: the natural order.</summary>
    public static TokenOrder FrameMajor(TokenGrid grid) => TokenOrder.ForAxisOrder(grid, AxisOrder.Natural);

    private static int[] Natural(TokenGrid grid)
    {
        int[] tokenAt = new int[grid.Tokens];
        for (int slot = 0; slot < tokenAt.Length; slot++)
        {
            tokenAt[slot] = slot;
        }

        return tokenAt;
    }

    // Inserts two zero bits before each of the lowest 21 bits, by halving steps.
    private static ulong Spread(int coordinate)
    {
        ulong bits = (uint)coordinate & 0x1FFFFF;
        bits = (bits | (bits << 32)) & 0x001F00000000FFFF;
        bits = (bits | (bits << 16)) & 0x001F0000FF0000FF;
        bits = (bits | (bits << 8)) & 0x100F00F00F00F00F;
        bits = (bits | (bits << 4)) & 0x10C30C30C30C30C3;
        bits = (bits | (bits << 2)) & 0x1249249249249249;
        return bits;
    }
}
