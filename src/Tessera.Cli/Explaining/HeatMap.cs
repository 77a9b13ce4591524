using Tessera.Attention;
using Tessera.Masks;

namespace Tessera.Cli.Explaining;

/// <summary>
/// A small picture of one head's softmax map: mass per cell on a logarithmic scale, and whether anything in the cell is computed.
/// </summary>
internal sealed class HeatMap
{
    /// <summary>A cell with a thousandth of the largest mass is drawn as empty.</summary>
    public const double Decades = 3;

    private HeatMap(int rows, int columns, double[] mass, double[] kept)
    {
        Rows = rows;
        Columns = columns;
        Mass = [.. mass.Select(static value => (float)value)];
        Brightness = new double[mass.Length];
        Kept = kept;
        double largest = mass.Max();
        for (int i = 0; i < mass.Length; i++)
        {
            Brightness[i] = mass[i] > 0 ? Math.Clamp(1 + (Math.Log10(mass[i] / largest) / Decades), 0, 1) : 0;
        }
    }

    public int Rows { get; }

    public int Columns { get; }

    /// <summary>Mean mass of a cell's blocks, row-major.</summary>
    public float[] Mass { get; }

    /// <summary>0 (nothing) to 1 (the most massive cell), row-major.</summary>
    public double[] Brightness { get; }

    /// <summary>Share of each cell's blocks that the mask keeps, row-major.</summary>
    public double[] Kept { get; }

    /// <summary>Shrinks block sums to at most <paramref name="cells"/> cells a side.</summary>
    /// <param name="map">Block sums of one head.</param>
    /// <param name="mask">Mask of the same lattice, or null when everything is kept.</param>
    /// <param name="head">Head of the mask.</param>
    /// <param name="cells">Most cells a side.</param>
    public static HeatMap Of(BlockMapStatistics map, BlockMask? mask, int head, int cells)
    {
        int rows = Math.Min(cells, map.QueryBlocks);
        int columns = Math.Min(cells, map.KeyBlocks);
        double[] mass = new double[rows * columns];
        double[] kept = new double[rows * columns];
        int[] blocks = new int[rows * columns];
        for (int row = 0; row < map.QueryBlocks; row++)
        {
            bool[] keeps = KeptColumns(mask, head, row, map.KeyBlocks);
            int cellRow = (int)((long)row * rows / map.QueryBlocks);
            for (int column = 0; column < map.KeyBlocks; column++)
            {
                int cell = (cellRow * columns) + (int)((long)column * columns / map.KeyBlocks);
                mass[cell] += map.Sum[(row * map.KeyBlocks) + column];
                kept[cell] += keeps[column] ? 1 : 0;
                blocks[cell]++;
            }
        }

        for (int cell = 0; cell < mass.Length; cell++)
        {
            mass[cell] /= blocks[cell];
            kept[cell] /= blocks[cell];
        }

        return new HeatMap(rows, columns, mass, kept);
    }

    private static bool[] KeptColumns(BlockMask? mask, int head, int row, int columns)
    {
        bool[] keeps = new bool[columns];
        if (mask is null)
        {
            Array.Fill(keeps, true);
            return keeps;
        }

        foreach (int column in mask.FullKeyBlocks(head, row))
        {
            keeps[column] = true;
        }

        foreach (int column in mask.PartialKeyBlocks(head, row))
        {
            keeps[column] = true;
        }

        return keeps;
    }
}
