using Tessera.Layout;
using Xunit;

namespace Tessera.Tests.Layout;

public sealed class GridOrdersTests
{
    public static TheoryData<int, int, int> Boxes()
    {
        TheoryData<int, int, int> boxes = new() { { 13, 30, 45 }, { 21, 30, 52 } };
        for (int f = 1; f <= 5; f++)
        {
            for (int h = 1; h <= 6; h++)
            {
                for (int w = 1; w <= 7; w++)
                {
                    boxes.Add(f, h, w);
                }
            }
        }

        return boxes;
    }

    [Theory]
    [MemberData(nameof(Boxes))]
    public void Hilbert_never_leaves_the_neighbourhood(int f, int h, int w)
    {
        TokenGrid grid = new(f, h, w);
        TokenOrder order = GridOrders.Hilbert(grid);
        Assert.Equal(grid.Tokens, order.Tokens);
        int diagonals = 0;
        for (int slot = 1; slot < order.Slots; slot++)
        {
            (int f0, int h0, int w0) = grid.CoordinatesOf(order.TokenAt(slot - 1));
            (int f1, int h1, int w1) = grid.CoordinatesOf(order.TokenAt(slot));
            int df = Math.Abs(f1 - f0);
            int dh = Math.Abs(h1 - h0);
            int dw = Math.Abs(w1 - w0);
            Assert.InRange(Math.Max(df, Math.Max(dh, dw)), 1, 1);
            diagonals += df + dh + dw > 1 ? 1 : 0;
        }

        // Parity forbids a corner-to-corner path in boxes with odd sides, so some diagonals are unavoidable; even boxes have none.
        bool even = f % 2 == 0 && h % 2 == 0 && w % 2 == 0;
        Assert.True(diagonals <= (even ? 0 : 1 + (grid.Tokens / 15)), $"{diagonals} diagonal steps in {grid}");
    }

    [Fact]
    public void Hilbert_of_a_cube_is_the_classical_curve()
    {
        TokenOrder order = GridOrders.Hilbert(new TokenGrid(2, 2, 2));
        Assert.Equal([0, 2, 6, 4, 5, 7, 3, 1], order.TokenAtSlot.ToArray());
    }

    [Fact]
    public void Curve_blocks_are_compact()
    {
        // Mean extent of 64-token blocks, the reason why the orders exist: 53.2 in raster order of this grid, 11.6 and 9.7 along the curves.
        TokenGrid grid = new(21, 30, 52);
        double raster = MeanDiameter(grid, GridOrders.FrameMajor(grid));
        Assert.True(MeanDiameter(grid, GridOrders.Hilbert(grid)) < 0.25 * raster);
        Assert.True(MeanDiameter(grid, GridOrders.Morton(grid)) < 0.25 * raster);
    }

    [Theory]
    [MemberData(nameof(Boxes))]
    public void Morton_sorts_interleaved_bits(int f, int h, int w)
    {
        TokenGrid grid = new(f, h, w, 2, TextPlacement.Front);
        TokenOrder order = GridOrders.Morton(grid);
        long previous = -1;
        for (int slot = grid.VideoStart; slot < order.Slots; slot++)
        {
            (int frame, int row, int column) = grid.CoordinatesOf(order.TokenAt(slot));
            long code = 0;
            for (int bit = 0; bit < 7; bit++)
            {
                code |= (long)((((frame >> bit) & 1) << 2) | (((row >> bit) & 1) << 1) | ((column >> bit) & 1)) << (3 * bit);
            }

            Assert.True(code > previous);
            previous = code;
        }
    }

    [Theory]
    [InlineData(TextPlacement.Front)]
    [InlineData(TextPlacement.Back)]
    public void Text_keeps_its_place(TextPlacement placement)
    {
        TokenGrid grid = new(3, 4, 5, 7, placement);
        foreach (TokenOrder order in new[] { GridOrders.Hilbert(grid), GridOrders.Morton(grid), GridOrders.TokenMajor(grid), GridOrders.FrameMajor(grid) })
        {
            for (int text = 0; text < grid.TextTokens; text++)
            {
                Assert.Equal(grid.TextStart + text, order.TokenAt(grid.TextStart + text));
            }
        }
    }

    [Fact]
    public void Token_major_slot_is_position_times_frames_plus_frame()
    {
        TokenGrid grid = new(3, 4, 5);
        TokenOrder order = GridOrders.TokenMajor(grid);
        for (int frame = 0; frame < 3; frame++)
        {
            for (int position = 0; position < 20; position++)
            {
                Assert.Equal((position * 3) + frame, order.SlotOf((frame * 20) + position));
            }
        }

        Assert.True(GridOrders.FrameMajor(grid).IsIdentity);
    }

    private static double MeanDiameter(TokenGrid grid, TokenOrder order)
    {
        double sum = 0;
        int blocks = order.Slots / 64;
        for (int block = 0; block < blocks; block++)
        {
            (int F, int H, int W) low = (int.MaxValue, int.MaxValue, int.MaxValue);
            (int F, int H, int W) high = (0, 0, 0);
            foreach (int token in order.TokenAtSlot.Slice(block * 64, 64))
            {
                (int f, int h, int w) = grid.CoordinatesOf(token);
                low = (Math.Min(low.F, f), Math.Min(low.H, h), Math.Min(low.W, w));
                high = (Math.Max(high.F, f), Math.Max(high.H, h), Math.Max(high.W, w));
            }

            sum += high.F - low.F + high.H - low.H + high.W - low.W;
        }

        return sum / blocks;
    }
}
