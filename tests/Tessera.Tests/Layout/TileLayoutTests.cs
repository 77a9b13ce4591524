using Tessera.Layout;
using Xunit;

namespace Tessera.Tests.Layout;

public sealed class TileLayoutTests
{
    public static TheoryData<int, int, int, int, int, int> GridsAndTiles() => new()
    {
        { 5, 9, 10, 4, 4, 4 },
        { 21, 30, 52, 6, 8, 8 },
        { 21, 45, 80, 6, 8, 8 },
        { 1, 1, 1, 6, 8, 8 },
        { 7, 3, 5, 2, 3, 4 },
    };

    // Padded slots per token: whole tiles, then compacted to blocks of 128 and of 64 (FPSAttention's two Wan grids).
    [Theory]
    [InlineData(21, 30, 52, 6, 8, 8, 1.313, 1.141, 1.035)]
    [InlineData(21, 45, 80, 6, 8, 8, 1.219, 1.050, 1.007)]
    [InlineData(21, 30, 52, 3, 16, 8, 1.149, 1.094, 1.067)]
    [InlineData(21, 45, 80, 3, 16, 8, 1.067, 1.067, 1.007)]
    [InlineData(21, 30, 52, 3, 8, 16, 1.313, 1.094, 1.053)]
    [InlineData(21, 45, 80, 3, 8, 16, 1.067, 1.007, 1.007)]
    public void Padding_matches_the_published_table(int f, int h, int w, int tf, int th, int tw, double whole, double at128, double at64)
    {
        TokenGrid grid = new(f, h, w);
        TileShape tile = new(tf, th, tw);
        Assert.Equal(whole, Math.Round(new TileLayout(grid, tile, tile.Tokens).PaddedRatio, 3));
        Assert.Equal(at128, Math.Round(new TileLayout(grid, tile, 128).PaddedRatio, 3));
        Assert.Equal(at64, Math.Round(new TileLayout(grid, tile, 64).PaddedRatio, 3));
    }

    [Theory]
    [InlineData(21, 30, 52, 4, 4, 7)]
    [InlineData(21, 45, 80, 4, 6, 10)]
    public void Tile_counts_of_the_Wan_grids(int f, int h, int w, int nf, int nh, int nw) =>
        Assert.Equal((nf, nh, nw), new TileLayout(new TokenGrid(f, h, w), new TileShape(6, 8, 8)).Counts);

    [Fact]
    public void Border_tiles_of_an_odd_grid_have_the_sizes_of_VSA()
    {
        TileLayout layout = new(new TokenGrid(5, 9, 10), new TileShape(4, 4, 4), 64);
        int[] sizes = [.. Enumerable.Range(0, layout.TileCount).Select(layout.ValidTokens)];
        Assert.Equal([64, 64, 32, 64, 64, 32, 16, 16, 8, 16, 16, 8, 16, 16, 8, 4, 4, 2], sizes);
        Assert.Equal(450, sizes.Sum());
        Assert.Equal(18 * 64, layout.Slots);
    }

    [Theory]
    [MemberData(nameof(GridsAndTiles))]
    public void Each_tile_is_one_aligned_run_with_its_tokens_first(int f, int h, int w, int tf, int th, int tw)
    {
        foreach (TokenGrid grid in new[] { new TokenGrid(f, h, w), new TokenGrid(f, h, w, 77, TextPlacement.Front), new TokenGrid(f, h, w, 65, TextPlacement.Back) })
        {
            TileLayout layout = new(grid, new TileShape(tf, th, tw), 64);
            int valid = 0;
            for (int tile = 0; tile < layout.TileCount; tile++)
            {
                SlotRange slots = layout.TileSlots(tile);
                Assert.Equal(0, slots.Start % 64);
                Assert.Equal(0, slots.Count % 64);
                Assert.InRange(slots.Count - layout.ValidTokens(tile), 0, 63);
                for (int i = 0; i < slots.Count; i++)
                {
                    int token = layout.Order.TokenAt(slots.Start + i);
                    Assert.Equal(i < layout.ValidTokens(tile), token != TokenOrder.Padding);
                    Assert.Equal(tile, token == TokenOrder.Padding ? tile : layout.TileOfToken(token));
                    Assert.Equal(tile, layout.TileOfSlot(slots.Start + i));
                }

                valid += layout.ValidTokens(tile);
            }

            Assert.Equal(grid.VideoTokens, valid);
            Assert.Equal(grid.TextTokens, Enumerable.Range(layout.TextSlots.Start, layout.TextSlots.Count).Count(slot => layout.Order.TokenAt(slot) >= 0 && grid.IsText(layout.Order.TokenAt(slot))));
            Assert.Equal(0, layout.TextSlots.Start % 64);
            Assert.Equal(layout.Slots, layout.TileSlots(0, layout.TileCount).Count + layout.TextSlots.Count);
        }
    }

    [Theory]
    [MemberData(nameof(GridsAndTiles))]
    public void Gather_and_scatter_are_inverse(int f, int h, int w, int tf, int th, int tw)
    {
        TokenGrid grid = new(f, h, w, 3, TextPlacement.Back);
        TokenOrder order = new TileLayout(grid, new TileShape(tf, th, tw), 64).Order;
        int[] rows = [.. Enumerable.Range(1, grid.Tokens)];
        int[] stored = new int[order.Slots];
        int[] back = new int[grid.Tokens];
        order.Gather(rows, stored, 1, -7);
        order.Scatter(stored, back, 1);
        Assert.Equal(rows, back);
        Assert.Equal(order.Slots - order.Tokens, stored.Count(value => value == -7));
    }

    [Fact]
    public void Tokens_inside_a_tile_stand_in_raster_order()
    {
        TileLayout layout = new(new TokenGrid(2, 3, 4), new TileShape(1, 2, 2), 1);
        Assert.Equal([0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 10, 11], layout.Order.TokenAtSlot[..12].ToArray());
        Assert.Equal("tile-1x2x2", layout.Order.Name);
    }

    [Theory]
    [InlineData(64, 64, 64)]
    [InlineData(128, 64, 128)]
    [InlineData(48, 64, 192)]
    public void Alignment_fits_both_sides_of_a_block(int query, int key, int alignment) =>
        Assert.Equal(alignment, TileLayout.ForBlocks(new TokenGrid(2, 2, 2), new TileShape(1, 1, 1), query, key).Alignment);

    [Fact]
    public void Sizes_below_one_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new TileLayout(new TokenGrid(2, 2, 2), new TileShape(0, 1, 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TileLayout(new TokenGrid(2, 2, 2), new TileShape(1, 1, 1), 0));
    }
}
