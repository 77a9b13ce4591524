using Tessera.Layout;
using Tessera.Masks;

namespace Tessera.Methods.SlidingTile;

/// <summary>All tile windows of one layout with the share of blocks each computes, border tiles and text included.</summary>
public sealed class TileWindowCatalogue
{
    private readonly TileLayout _layout;
    private readonly BlockSize _size;
    private readonly long[] _keyBlocks;
    private readonly int _queryBlocks;
    private readonly int _textQueryBlocks;
    private readonly int _textKeyBlocks;

    /// <summary>Prepares a layout.</summary>
    /// <param name="layout">Tiles, aligned to both sides of <paramref name="size"/>.</param>
    /// <param name="size">Tokens per block.</param>
    public TileWindowCatalogue(TileLayout layout, BlockSize size)
    {
        ArgumentNullException.ThrowIfNull(layout);
        _layout = layout;
        _size = size;
        _queryBlocks = CeilingDivision.Of(layout.Slots, size.Query);
        _textQueryBlocks = layout.TextSlots.Count / size.Query;
        _textKeyBlocks = layout.TextSlots.Count / size.Key;
        _keyBlocks = PrefixSums(layout, size.Key);
    }

    /// <summary>
    /// The window of a density: among all windows on the allowed side the one nearest to it, and among those of equal cost the most even one, whose
    /// smallest share of an axis is largest; ties go to the longer reach in time.
    /// </summary>
    /// <param name="density">Share of blocks computed, in (0, 1].</param>
    /// <param name="bound">Allowed side.</param>
    /// <exception cref="ArgumentOutOfRangeException">The density is not in (0, 1].</exception>
    public TileWindow ForDensity(double density, DensityBound bound)
    {
        PlanningContextChecks.RequireDensity(density, nameof(density));
        const double Tolerance = 1e-12;
        TileWindow best = bound == DensityBound.AtMost ? new TileWindow(1, 1, 1) : new TileWindow(_layout.Counts.Frames, _layout.Counts.Height, _layout.Counts.Width);
        double bestDensity = Density(best);
        foreach (TileWindow window in All())
        {
            double candidate = Density(window);
            bool allowed = bound == DensityBound.AtMost ? candidate <= density + Tolerance : candidate >= density - Tolerance;
            double gain = bound == DensityBound.AtMost ? candidate - bestDensity : bestDensity - candidate;
            if (allowed && (gain > Tolerance || (gain > -Tolerance && MoreEven(window, best))))
            {
                best = window;
                bestDensity = candidate;
            }
        }

        return best;
    }

    /// <summary>Windows of roughly one cost and different shapes, for a search per head: for each pair of (frames, height) the width that comes nearest below a density, if it reaches a share of it.</summary>
    /// <param name="density">Share of blocks computed, in (0, 1].</param>
    /// <param name="share">Least density of a candidate, as a share of <paramref name="density"/>.</param>
    /// <returns>Distinct windows; never empty.</returns>
    public IReadOnlyList<TileWindow> CandidatesFor(double density, double share = 0.75)
    {
        PlanningContextChecks.RequireDensity(density, nameof(density));
        List<TileWindow> candidates = [];
        (int frames, int height, int width) = _layout.Counts;
        for (int f = 1; f <= frames; f++)
        {
            for (int h = 1; h <= height; h++)
            {
                TileWindow? widest = null;
                for (int w = 1; w <= width && Density(new TileWindow(f, h, w)) <= density; w++)
                {
                    widest = new TileWindow(f, h, w);
                }

                if (widest is { } window && Density(window) >= share * density)
                {
                    candidates.Add(window);
                }
            }
        }

        return candidates.Count > 0 ? candidates : [ForDensity(density, DensityBound.AtMost)];
    }

    /// <summary>Share of blocks that a window computes.</summary>
    public double Density(TileWindow window)
    {
        long kept = (long)_textQueryBlocks * CeilingDivision.Of(_layout.Slots, _size.Key);
        for (int tile = 0; tile < _layout.TileCount; tile++)
        {
            (int frame, int row, int column) = _layout.CoordinatesOf(tile);
            long keys = KeyBlocksIn(window.FrameRange(frame, _layout), window.RowRange(row, _layout), window.ColumnRange(column, _layout)) + _textKeyBlocks;
            kept += keys * (_layout.TileSlots(tile).Count / _size.Query);
        }

        return kept / ((double)_queryBlocks * CeilingDivision.Of(_layout.Slots, _size.Key));
    }

    private static long[] PrefixSums(TileLayout layout, int keyBlock)
    {
        (int frames, int height, int width) = layout.Counts;
        long[] sums = new long[(frames + 1) * (height + 1) * (width + 1)];
        for (int f = 1; f <= frames; f++)
        {
            for (int h = 1; h <= height; h++)
            {
                for (int w = 1; w <= width; w++)
                {
                    long own = layout.TileSlots(layout.TileAt(f - 1, h - 1, w - 1)).Count / keyBlock;
                    sums[At(f, h, w)] = own
                        + sums[At(f - 1, h, w)] + sums[At(f, h - 1, w)] + sums[At(f, h, w - 1)]
                        - sums[At(f - 1, h - 1, w)] - sums[At(f - 1, h, w - 1)] - sums[At(f, h - 1, w - 1)]
                        + sums[At(f - 1, h - 1, w - 1)];
                }
            }
        }

        return sums;

        int At(int f, int h, int w) => (((f * (height + 1)) + h) * (width + 1)) + w;
    }

    private long KeyBlocksIn((int First, int Last) frames, (int First, int Last) rows, (int First, int Last) columns)
    {
        (_, int height, int width) = _layout.Counts;
        return Slab(frames.Last + 1) - Slab(frames.First);

        long Slab(int f) => Sum(f, rows.Last + 1, columns.Last + 1) - Sum(f, rows.First, columns.Last + 1) - Sum(f, rows.Last + 1, columns.First) + Sum(f, rows.First, columns.First);

        long Sum(int f, int h, int w) => _keyBlocks[(((f * (height + 1)) + h) * (width + 1)) + w];
    }

    private IEnumerable<TileWindow> All()
    {
        (int frames, int height, int width) = _layout.Counts;
        for (int f = 1; f <= frames; f++)
        {
            for (int h = 1; h <= height; h++)
            {
                for (int w = 1; w <= width; w++)
                {
                    yield return new TileWindow(f, h, w);
                }
            }
        }
    }

    private bool MoreEven(TileWindow window, TileWindow other)
    {
        double own = SmallestShare(window);
        double others = SmallestShare(other);
        return own > others || (own == others && window.Frames > other.Frames);
    }

    private double SmallestShare(TileWindow window) =>
        Math.Min((double)window.Frames / _layout.Counts.Frames, Math.Min((double)window.Height / _layout.Counts.Height, (double)window.Width / _layout.Counts.Width));
}
