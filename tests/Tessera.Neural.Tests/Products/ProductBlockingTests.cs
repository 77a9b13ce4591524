using Tessera.Backends.Cpu.Costs;
using Tessera.Neural.Products;
using Xunit;

namespace Tessera.Neural.Tests.Products;

public sealed class ProductBlockingTests
{
    [Theory]
    [InlineData(16, 3)]
    [InlineData(8, 2)]
    [InlineData(4, 2)]
    public void Panels_follow_each_other_and_hold_every_column(int lanes, int widest)
    {
        for (int columns = 1; columns < 400; columns++)
        {
            PanelLayout layout = new(columns, lanes, widest);
            int next = 0;
            for (int panel = 0; panel < layout.Panels; panel++)
            {
                Assert.Equal(next, layout.ColumnOf(panel));
                Assert.InRange(layout.VectorsOf(panel), columns <= lanes || widest == 2 ? 1 : 2, widest);
                next += layout.VectorsOf(panel) * lanes;
            }

            Assert.Equal(next, layout.ColumnOf(layout.Panels));
            Assert.Equal((columns + lanes - 1) / lanes * lanes, next);
        }
    }

    /// <summary>Every item has work, all rows and panels belong to one, and the block of the inner dimension ignores the threads.</summary>
    [Theory]
    [InlineData(257, 1, 1)]
    [InlineData(1280, 1536, 8960)]
    [InlineData(1280, 8960, 1536)]
    [InlineData(32_760, 1536, 64)]
    [InlineData(75_600, 5120, 13_824)]
    [InlineData(300, 20, 47)]
    public void Items_divide_the_product(int rows, int inner, int columns)
    {
        PanelLayout layout = new(columns, 16, 3);
        int block = ProductBlocking.For(rows, inner, layout, 1, CacheSizes.Typical).Inner;
        foreach (int threads in new[] { 1, 2, 3, 16, 64 })
        {
            ProductBlocking blocking = ProductBlocking.For(rows, inner, layout, threads, CacheSizes.Typical);
            Assert.Equal(block, blocking.Inner);

            // Sums are taken by blocks: other caches must not change a bit.
            CacheSizes small = new(256 << 10, 4 << 20);
            Assert.Equal(block, ProductBlocking.For(rows, inner, layout, threads, small).Inner);
            Assert.InRange(blocking.Inner, 1, ProductBlocking.LongestInner);
            Assert.InRange(rows, ((blocking.RowChunks - 1) * blocking.RowChunk) + 1, blocking.RowChunks * blocking.RowChunk);
            Assert.Equal(0, blocking.FirstPanel(0));
            Assert.Equal(layout.Panels, blocking.FirstPanel(blocking.Groups));
            for (int group = 0; group < blocking.Groups; group++)
            {
                Assert.True(blocking.FirstPanel(group) < blocking.FirstPanel(group + 1));
            }
        }
    }
}
