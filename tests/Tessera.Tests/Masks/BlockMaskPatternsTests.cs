using Tessera.Layout;
using Tessera.Masks;
using Tessera.Masks.Mods;
using Xunit;

namespace Tessera.Tests.Masks;

public sealed class BlockMaskPatternsTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(33)]
    [InlineData(500)]
    public void Bands_keep_the_blocks_they_touch(int radius)
    {
        foreach (BlockSize size in new[] { new BlockSize(16, 16), new BlockSize(32, 16), new BlockSize(8, 48) })
        {
            BlockMaskBuilder builder = new(1, 131, 131, size);
            builder.KeepBand(0, radius);
            AssertKept(builder, (q, k) => Math.Abs(q - k) <= radius);
        }
    }

    [Fact]
    public void Ranges_and_bits_keep_what_single_blocks_keep()
    {
        Random random = new(6);
        foreach (int columns in new[] { 1, 63, 64, 65, 200 })
        {
            BlockMaskBuilder single = new(2, 3, columns, new BlockSize(1, 1));
            BlockMaskBuilder ranged = new(2, 3, columns, new BlockSize(1, 1));
            single[1, 1, columns - 1] = ranged[1, 1, columns - 1] = BlockCoverage.Partial;
            for (int i = 0; i < 40; i++)
            {
                (int head, int row, int start) = (random.Next(2), random.Next(3), random.Next(columns));
                int end = start + random.Next(columns + 1 - start);
                for (int column = start; column < end; column++)
                {
                    single.Keep(head, row, column);
                }

                ulong[] bits = new ulong[ranged.RowWords];
                for (int column = start; column < end; column++)
                {
                    bits[column / 64] |= 1UL << (column % 64);
                }

                if (i % 2 == 0)
                {
                    ranged.KeepRange(head, row, start, end);
                }
                else
                {
                    ranged.KeepBits(head, row, bits);
                }

                Assert.Equal(single.KeptBlocks, ranged.KeptBlocks);
            }

            for (int index = 0; index < 6 * columns; index++)
            {
                (int head, int row, int column) = (index / columns / 3, index / columns % 3, index % columns);
                Assert.Equal(single[head, row, column], ranged[head, row, column]);
            }

            Assert.ThrowsAny<ArgumentException>(() => ranged.KeepRange(0, 0, 0, columns + 1));
            Assert.Throws<ArgumentException>(() => ranged.KeepBits(0, 0, new ulong[ranged.RowWords + 1]));
            Assert.True(columns % 64 == 0 || Assert.Throws<ArgumentException>(() => ranged.KeepBits(0, 0, [.. Enumerable.Repeat(ulong.MaxValue, ranged.RowWords)])) is not null);
        }
    }

    [Fact]
    public void Bands_of_two_runs_count_from_their_starts()
    {
        BlockMaskBuilder builder = new(1, 130, 130, new BlockSize(16, 16));
        builder.KeepBand(0, 20, new SlotRange(21, 100), new SlotRange(21, 100));
        AssertKept(builder, (q, k) => q is >= 21 and < 121 && k is >= 21 and < 121 && Math.Abs(q - k) <= 20);
    }

    [Theory]
    [InlineData(5, 9, 10, 4, 4, 4, 1, 3, 2)]
    [InlineData(7, 6, 5, 2, 3, 2, 2, 1, 3)]
    [InlineData(3, 3, 3, 1, 1, 1, 3, 3, 3)]
    public void Tile_windows_equal_the_functor(int f, int h, int w, int tf, int th, int tw, int nf, int nh, int nw)
    {
        TileShape tile = new(tf, th, tw);
        TileWindow window = new(nf, nh, nw);
        foreach (TokenGrid grid in new[] { new TokenGrid(f, h, w), new TokenGrid(f, h, w, 19, TextPlacement.Front), new TokenGrid(f, h, w, 5, TextPlacement.Back) })
        {
            foreach (BlockSize size in new[] { new BlockSize(16, 16), new BlockSize(32, 16) })
            {
                TileLayout layout = TileLayout.ForBlocks(grid, tile, size.Query, size.Key);
                BlockMaskBuilder drawn = new(1, layout.Slots, layout.Slots, size);
                drawn.KeepTileWindow(0, layout, window);
                BlockMaskBuilder classified = new(1, layout.Slots, layout.Slots, size);
                classified.KeepAllowed(0, MaskPredicate.Of(new SlidingTile3D(grid, tile, window)), layout.Order);
                for (int row = 0; row < drawn.QueryBlocks; row++)
                {
                    for (int column = 0; column < drawn.KeyBlocks; column++)
                    {
                        Assert.Equal(classified[0, row, column], drawn[0, row, column]);
                    }
                }
            }
        }
    }

    // A valid query sees exactly the valid tokens of its window's tiles; with the window as large as the grid, all of them.
    [Theory]
    [InlineData(5, 9, 10)]
    [InlineData(21, 30, 52)]
    public void Each_query_tile_sees_exactly_its_window(int f, int h, int w)
    {
        TileLayout layout = new(new TokenGrid(f, h, w), new TileShape(4, 4, 4), 64);
        foreach (TileWindow window in new[] { new TileWindow(1, 1, 1), new TileWindow(2, 3, 2), new TileWindow(6, 6, 1), new TileWindow(99, 99, 99) })
        {
            BlockMaskBuilder builder = new(1, layout.Slots, layout.Slots, BlockSize.Default);
            builder.KeepTileWindow(0, layout, window);
            BlockMask mask = builder.Build();
            for (int tile = 0; tile < layout.TileCount; tile++)
            {
                // 64-token tiles are one block each, so kept blocks are tiles.
                Assert.Equal(window.TilesSeen(layout.Counts), mask.KeptInRow(0, tile));
                Assert.Equal(BlockCoverage.Full, mask.Coverage(0, tile, tile));
            }

            Assert.Equal(window.TileDensity(layout.Counts), mask.Density, 12);
        }
    }

    [Theory]
    [InlineData(3, 3, 1, 0.080, 0.0375)]
    [InlineData(6, 6, 1, 0.143, 0.100)]
    [InlineData(6, 6, 2, 0.286, 0.200)]
    [InlineData(6, 6, 3, 0.429, 0.300)]
    [InlineData(3, 3, 3, 0.241, 0.113)]
    [InlineData(3, 3, 5, 0.402, 0.188)]
    [InlineData(6, 6, 6, 0.857, 0.600)]
    [InlineData(5, 6, 10, 1.000, 1.000)]
    public void Window_densities_match_the_published_table(int f, int h, int w, double at480, double at720)
    {
        TileWindow window = new(f, h, w);
        TileShape tile = new(6, 8, 8);
        Assert.InRange(window.TileDensity(tile.CountIn(new TokenGrid(21, 30, 52))), at480 - 0.00051, at480 + 0.00051);
        Assert.InRange(window.TileDensity(tile.CountIn(new TokenGrid(21, 45, 80))), at720 - 0.00051, at720 + 0.00051);
    }

    [Fact]
    public void Windows_keep_their_size_at_borders()
    {
        Assert.Equal((0, 2), TileWindow.Range(0, 3, 7));
        Assert.Equal((4, 6), TileWindow.Range(6, 3, 7));
        Assert.Equal((1, 4), TileWindow.Range(3, 4, 7));
        Assert.Equal((0, 3), TileWindow.Range(2, 9, 4));
        Assert.Equal(new TileWindow(4, 6, 1), new TileWindow(6, 6, 1).Within((4, 6, 10)));
        Assert.Equal(new TileWindow(6, 6, 1), TileWindow.Parse("6x6x1"));
        Assert.Throws<FormatException>(() => TileWindow.Parse("6x0x1"));
    }

    [Fact]
    public void Text_and_first_frame_are_kept()
    {
        TokenGrid grid = new(3, 4, 5, 21, TextPlacement.Back);
        foreach (TokenOrder? order in new[] { null, GridOrders.TokenMajor(grid), new TileLayout(grid, new TileShape(1, 2, 2), 16).Order })
        {
            int slots = order?.Slots ?? grid.Tokens;
            BlockMaskBuilder text = new(1, slots, slots, new BlockSize(16, 8));
            text.KeepText(0, grid, order);
            AssertKept(text, (q, k) => IsText(q) || IsText(k));
            BlockMaskBuilder first = new(1, slots, slots, new BlockSize(16, 8));
            first.KeepFirstFrames(0, grid, order);
            AssertKept(first, (_, k) => Token(k) >= 0 && !grid.IsText(Token(k)) && grid.CoordinatesOf(Token(k)).Frame == 0);

            int Token(int slot) => order?.TokenAt(slot) ?? slot;
            bool IsText(int slot) => Token(slot) >= 0 && grid.IsText(Token(slot));
        }
    }

    [Fact]
    public void Masks_join_and_meet()
    {
        MaskPredicate causal = MaskPredicate.Of(new Causal());
        BlockMaskBuilder band = new(2, 64, 64, new BlockSize(16, 16));
        band.KeepBand(0, 16);
        BlockMaskBuilder triangle = new(1, 64, 64, new BlockSize(16, 16));
        triangle.KeepAllowed(0, causal);
        BlockMask lower = triangle.Build(causal);

        band.Union(lower);
        Assert.Equal(BlockCoverage.Full, band[0, 1, 1]);
        Assert.Equal(BlockCoverage.Full, band[0, 3, 0]);
        Assert.Equal(BlockCoverage.Partial, band[1, 1, 1]);
        Assert.Equal(BlockCoverage.Empty, band[1, 0, 1]);

        BlockMaskBuilder other = new(2, 64, 64, new BlockSize(16, 16));
        other.KeepBand(0, 16);
        other.Intersect(lower);
        Assert.Equal(BlockCoverage.Partial, other[0, 1, 1]);
        Assert.Equal(BlockCoverage.Full, other[0, 1, 0]);
        Assert.Equal(BlockCoverage.Empty, other[0, 0, 1]);
        Assert.Equal(BlockCoverage.Empty, other[0, 3, 0]);
        Assert.Throws<ArgumentException>(() => other.Union(BlockMask.Dense(64, 64, new BlockSize(16, 8))));
    }

    [Fact]
    public void Layouts_that_do_not_fit_are_refused()
    {
        TileLayout layout = new(new TokenGrid(4, 4, 4), new TileShape(2, 2, 2), 8);
        BlockMaskBuilder builder = new(1, layout.Slots, layout.Slots, new BlockSize(16, 16));
        Assert.Throws<ArgumentException>(() => builder.KeepTileWindow(0, layout, new TileWindow(1, 1, 1)));
        Assert.Throws<ArgumentException>(() => builder.KeepFirstFrames(0, new TokenGrid(1, 2, 3)));
    }

    private static void AssertKept(BlockMaskBuilder builder, Func<int, int, bool> touches)
    {
        for (int row = 0; row < builder.QueryBlocks; row++)
        {
            for (int column = 0; column < builder.KeyBlocks; column++)
            {
                bool expected = false;
                for (int q = row * builder.Size.Query; q < Math.Min(builder.QuerySlots, (row + 1) * builder.Size.Query); q++)
                {
                    for (int k = column * builder.Size.Key; k < Math.Min(builder.KeySlots, (column + 1) * builder.Size.Key); k++)
                    {
                        expected |= touches(q, k);
                    }
                }

                Assert.Equal(expected ? BlockCoverage.Full : BlockCoverage.Empty, builder[0, row, column]);
            }
        }
    }
}
