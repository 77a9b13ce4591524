namespace Tessera.Methods.Paro;

/// <summary>One head's blocks on the way to a mask, row-major [QueryBlocks x KeyBlocks].</summary>
internal sealed class BlockMap(float[] mass, float[] importance, bool[] always)
{
    /// <summary>Mean attention mass of each block.</summary>
    public float[] Mass { get; } = mass;

    /// <summary>What the criterion ranks blocks by, never negative.</summary>
    public float[] Importance { get; } = importance;

    /// <summary>Blocks that are kept whatever they hold.</summary>
    public bool[] Always { get; } = always;

    /// <summary>The selection; starts as <see cref="Always"/>.</summary>
    public bool[] Kept { get; private set; } = (bool[])always.Clone();

    /// <summary>Share of the mass of some block rows that the selection keeps; 1 when they hold none.</summary>
    public double KeptShare(ReadOnlySpan<int> rows, int keyBlocks)
    {
        double kept = 0;
        double all = 0;
        foreach (int row in rows)
        {
            for (int block = row * keyBlocks; block < (row + 1) * keyBlocks; block++)
            {
                all += Mass[block];
                kept += Kept[block] ? Mass[block] : 0;
            }
        }

        return all > 0 ? kept / all : 1;
    }

    /// <summary>Adds another selection of the same head.</summary>
    public void Join(BlockMap other)
    {
        for (int block = 0; block < Kept.Length; block++)
        {
            Kept[block] |= other.Kept[block];
        }
    }
}
