using Tessera.Backends.Cpu.Costs;

namespace Tessera.Neural.Products;

/// <summary>
/// How a product of many rows divides into items of work and, inside an item, into blocks of the inner dimension. An item is a range of
/// rows times a range of panels; its block of W stays in the second-level cache while all its rows pass.
/// </summary>
/// <param name="Inner">Length of a block of the inner dimension.</param>
/// <param name="RowChunk">Rows of an item.</param>
/// <param name="RowChunks">Ranges of rows.</param>
/// <param name="Groups">Ranges of panels.</param>
/// <param name="Panels">Panels in all.</param>
internal readonly record struct ProductBlocking(int Inner, int RowChunk, int RowChunks, int Groups, int Panels)
{
    /// <summary>Length of a block: eight rows of it fill half of a first-level cache.</summary>
    public const int LongestInner = 768;

    private const int MostRows = 1536;
    private const int FewestRows = 64;
    private const int MostColumns = 64;

    /// <summary>Items of work; the ranges of panels of one range of rows follow each other.</summary>
    public int Items => RowChunks * Groups;

    /// <summary>Divides a product.</summary>
    /// <param name="rows">Rows of X.</param>
    /// <param name="inner">k.</param>
    /// <param name="layout">Panels of the columns.</param>
    /// <param name="threads">Threads; more of them never change a result, only who computes it.</param>
    /// <param name="caches">Of this machine.</param>
    public static ProductBlocking For(int rows, int inner, PanelLayout layout, int threads, CacheSizes caches)
    {
        int blocks = Math.Max(1, (inner + LongestInner - 1) / LongestInner);
        int length = Math.Max(1, ((inner + blocks - 1) / blocks + 15) / 16 * 16);
        int widest = layout.VectorsOf(0) * layout.Lanes;
        long panelBytes = (long)length * widest * sizeof(float);
        int together = (int)Math.Clamp(caches.SecondLevel * 5 / 8 / panelBytes, 1, 16);
        int groups = (layout.Panels + together - 1) / together;
        int chunks = Math.Max(1, (rows + MostRows - 1) / MostRows);
        if (threads > 1)
        {
            // A few items a thread: first of columns, which need nothing twice, then of rows, for which W is packed again.
            int wanted = 4 * threads;
            if (groups * chunks < wanted)
            {
                groups = Math.Min(layout.Panels, (wanted + chunks - 1) / chunks);
            }

            if (groups * chunks < wanted)
            {
                chunks = Math.Clamp((wanted + groups - 1) / groups, chunks, Math.Max(chunks, rows / FewestRows));
            }

            // As many items for each thread where panels allow it.
            while (groups * chunks % threads != 0 && groups < layout.Panels)
            {
                groups++;
            }
        }

        int chunk = (((rows + chunks - 1) / chunks) + 7) / 8 * 8;
        return new ProductBlocking(length, chunk, (rows + chunk - 1) / chunk, groups, layout.Panels);
    }

    /// <summary>
    /// Length of a block of the inner dimension where all rows of X stay in a second-level cache of usual size, and eight rows of W that
    /// are widened stay in the first-level one. Sums are taken by blocks, so that the cache of the machine at hand must not decide.
    /// </summary>
    public static int InnerOfFewRows(int inner, int lanes)
    {
        long longest = Math.Clamp(CacheSizes.Typical.SecondLevel / 2 / (lanes * sizeof(float)), 256, LongestInner);
        int blocks = (int)Math.Max(1, (inner + longest - 1) / longest);
        return Math.Max(1, ((inner + blocks - 1) / blocks + 15) / 16 * 16);
    }

    /// <summary>Columns of an item of a product of few rows.</summary>
    public static int ColumnsOfFewRows(int columns, int threads) =>
        Math.Clamp(columns / (8 * threads), 8, MostColumns) / 8 * 8;

    /// <summary>First panel of a range; of the range after the last: all panels.</summary>
    public int FirstPanel(int group) => (int)((long)Panels * group / Groups);
}
