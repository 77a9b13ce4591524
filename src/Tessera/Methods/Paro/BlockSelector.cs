namespace Tessera.Methods.Paro;

/// <summary>
/// Turns block importances into selections. Budgets are met exactly: blocks above the threshold are kept, and of those that equal it as
/// many as fit, in ascending (map, row, column) order. Blocks without importance are never added.
/// </summary>
internal sealed class BlockSelector(BlockLattice lattice, ParoOptions options)
{
    private readonly int _columns = lattice.KeyBlocks;

    /// <summary>All block rows.</summary>
    public int[] AllRows { get; } = [.. Enumerable.Range(0, lattice.QueryBlocks)];

    /// <summary>
    /// Selects blocks of the given rows in all maps as the options say. One tau for all maps under <see cref="ParoThresholdScope.Global"/>.
    /// </summary>
    /// <returns>The tau in force; NaN when rows or maps have their own.</returns>
    public double Select(IReadOnlyList<BlockMap> maps, ReadOnlySpan<int> rows)
    {
        foreach (BlockMap map in maps)
        {
            KeepMinimum(map, rows);
        }

        switch (options.Scope)
        {
            case ParoThresholdScope.Global:
                return SelectBudget(maps, rows);
            case ParoThresholdScope.PerHead:
                double last = double.NaN;
                foreach (BlockMap map in maps)
                {
                    last = SelectBudget([map], rows);
                }

                return maps.Count == 1 ? last : double.NaN;
            case ParoThresholdScope.Fixed:
                SelectAbove(maps, rows, FixedThreshold);
                return FixedThreshold;
            default:
                foreach (BlockMap map in maps)
                {
                    foreach (int row in rows)
                    {
                        SelectRow(map, row);
                    }
                }

                return double.NaN;
        }
    }

    /// <summary>Share of counted blocks of the given rows that the maps keep.</summary>
    public double Density(IReadOnlyList<BlockMap> maps, ReadOnlySpan<int> rows, DensityCount count)
    {
        long kept = 0;
        long counted = 0;
        foreach (int row in rows)
        {
            for (int column = 0; column < _columns; column++)
            {
                if (count == DensityCount.WholeMap || lattice.IsVideo(row, column))
                {
                    counted += maps.Count;
                    foreach (BlockMap map in maps)
                    {
                        kept += map.Kept[(row * _columns) + column] ? 1 : 0;
                    }
                }
            }
        }

        return counted == 0 ? 1 : (double)kept / counted;
    }

    /// <summary>The paper's count test skips a block when its share of near-zeros reaches sigma; importance is the other share.</summary>
    private float FixedThreshold => (float)(options.Criterion == ParoCriterion.CountTest
        ? MathF.BitIncrement((float)(1 - options.Sigma))
        : options.Threshold);

    /// <summary>Adds the best blocks of each row until it has the minimum.</summary>
    public void KeepMinimum(BlockMap map, ReadOnlySpan<int> rows)
    {
        foreach (int row in rows)
        {
            int kept = 0;
            for (int column = 0; column < _columns; column++)
            {
                kept += map.Kept[(row * _columns) + column] ? 1 : 0;
            }

            for (; kept < options.MinimumBlocksPerRow && KeepBest(map, row); kept++)
            {
            }
        }
    }

    private bool KeepBest(BlockMap map, int row)
    {
        int best = -1;
        for (int column = 0; lattice.RowTokens[row] > 0 && column < _columns; column++)
        {
            int block = (row * _columns) + column;
            if (!map.Kept[block] && lattice.ColumnTokens[column] > 0 && (best < 0 || map.Importance[block] > map.Importance[best]))
            {
                best = block;
            }
        }

        if (best >= 0)
        {
            map.Kept[best] = true;
        }

        return best >= 0;
    }

    private double SelectBudget(IReadOnlyList<BlockMap> maps, ReadOnlySpan<int> rows)
    {
        const double Rounding = 1e-9;
        long counted = 0;
        long kept = 0;
        foreach (int row in rows)
        {
            for (int column = 0; column < _columns; column++)
            {
                if (IsCounted(row, column))
                {
                    counted += maps.Count;
                    foreach (BlockMap map in maps)
                    {
                        kept += map.Kept[(row * _columns) + column] ? 1 : 0;
                    }
                }
            }
        }

        long free = (long)Math.Floor((options.Density * counted) + Rounding) - kept;
        if (free <= 0)
        {
            return double.PositiveInfinity;
        }

        float threshold = LargestThresholdReaching(maps, rows, free);
        long above = CountAtLeast(maps, rows, MathF.BitIncrement(threshold));
        SelectAbove(maps, rows, MathF.BitIncrement(threshold));
        SelectEqual(maps, rows, threshold, free - above);
        return threshold;
    }

    /// <summary>
    /// Bisects the bit patterns of non-negative floats, which order as the numbers do: the largest tau that at least
    /// <paramref name="wanted"/> counted blocks reach, in 31 passes and without a tolerance; the smallest positive number when fewer have
    /// any importance.
    /// </summary>
    private float LargestThresholdReaching(IReadOnlyList<BlockMap> maps, ReadOnlySpan<int> rows, long wanted)
    {
        uint low = 1;
        uint high = BitConverter.SingleToUInt32Bits(float.PositiveInfinity);
        while (high - low > 1)
        {
            uint middle = low + ((high - low) / 2);
            if (CountAtLeast(maps, rows, BitConverter.UInt32BitsToSingle(middle)) >= wanted)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        return BitConverter.UInt32BitsToSingle(low);
    }

    private long CountAtLeast(IReadOnlyList<BlockMap> maps, ReadOnlySpan<int> rows, float threshold)
    {
        long count = 0;
        foreach (BlockMap map in maps)
        {
            foreach (int row in rows)
            {
                for (int column = 0; column < _columns; column++)
                {
                    int block = (row * _columns) + column;
                    count += !map.Kept[block] && map.Importance[block] >= threshold && IsCounted(row, column) ? 1 : 0;
                }
            }
        }

        return count;
    }

    private void SelectAbove(IReadOnlyList<BlockMap> maps, ReadOnlySpan<int> rows, float threshold)
    {
        foreach (BlockMap map in maps)
        {
            foreach (int row in rows)
            {
                for (int block = row * _columns; block < (row + 1) * _columns; block++)
                {
                    map.Kept[block] |= map.Importance[block] > 0 && map.Importance[block] >= threshold;
                }
            }
        }
    }

    private void SelectEqual(IReadOnlyList<BlockMap> maps, ReadOnlySpan<int> rows, float threshold, long left)
    {
        foreach (BlockMap map in maps)
        {
            foreach (int row in rows)
            {
                for (int column = 0; column < _columns && left > 0; column++)
                {
                    int block = (row * _columns) + column;
                    if (!map.Kept[block] && map.Importance[block] == threshold && IsCounted(row, column))
                    {
                        map.Kept[block] = true;
                        left--;
                    }
                }
            }
        }
    }

    /// <summary>Keeps the row's blocks by falling importance until the count or the mass is reached.</summary>
    private void SelectRow(BlockMap map, int row)
    {
        double kept = 0;
        double mass = 0;
        double all = 0;
        int counted = 0;
        List<int> rest = [];
        for (int column = 0; column < _columns; column++)
        {
            int block = (row * _columns) + column;
            all += map.Mass[block];
            counted += IsCounted(row, column) ? 1 : 0;
            if (map.Kept[block])
            {
                kept += IsCounted(row, column) ? 1 : 0;
                mass += map.Mass[block];
            }
            else if (map.Importance[block] > 0)
            {
                rest.Add(block);
            }
        }

        rest.Sort((a, b) => map.Importance[a] == map.Importance[b] ? a.CompareTo(b) : map.Importance[b].CompareTo(map.Importance[a]));
        double budget = Math.Floor((options.Density * counted) + 1e-9);
        foreach (int block in rest)
        {
            bool done = options.Scope == ParoThresholdScope.PerRowCount ? kept >= budget : mass >= options.RowMass * all;
            if (done)
            {
                break;
            }

            map.Kept[block] = true;
            kept++;
            mass += map.Mass[block];
        }
    }

    private bool IsCounted(int row, int column) => options.DensityCount == DensityCount.WholeMap || lattice.IsVideo(row, column);
}
