using Tessera.Layout;
using Tessera.Masks;

namespace Tessera.Methods.SlidingTile;

/// <summary>All tile windows of one layout with the share of blocks each computes, border tiles and text included.</summary>
public sealed class TileWindowCatalogue
{
    /// <summary>How far from the nearest density a more even window may lie, as a share of it.</summary>
    private const double Slack = 0.1;

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
        _textQueryBlocks = CeilingDivision.Of(layout.Grid.TextTokens, size.Query);
        _textKeyBlocks = CeilingDivision.Of(layout.Grid.TextTokens, size.Key);
        _keyBlocks = PrefixSums(layout, size.Key);
    }

    /// <summary>
    /// The window of a density: of all windows on the allowed side whose density lies within a tenth of the nearest one, the most even,
    /// whose smallest share of an axis is largest. The nearest alone would often be a slab without any reach along one axis.
    /// </summary>
    /// <param name="density">Share of blocks computed, in (0, 1].</param>
    /// <param name="bound">Allowed side. When even the smallest window is above a budget, the smallest is taken.</param>
    /// <exception cref="ArgumentOutOfRangeException">The density is not in (0, 1].</exception>
    public TileWindow ForDensity(double density, DensityBound bound)
    {
        PlanningContextChecks.RequireDensity(density, nameof(density));
        const double Tolerance = 1e-12;
        (TileWindow Window, double Density)[] allowed =
        [
            .. All().Select(window => (Window: window, Density: Density(window)))
                .Where(candidate => bound == DensityBound.AtMost
                    ? candidate.Density <= density + Tolerance
                    : candidate.Density >= density - Tolerance),
        ];
        if (allowed.Length == 0)
        {
            return new TileWindow(1, 1, 1);
        }

        double nearest = bound == DensityBound.AtMost
            ? allowed.Max(static candidate => candidate.Density)
            : allowed.Min(static candidate => candidate.Density);
        return allowed
            .Where(candidate => Math.Abs(candidate.Density - nearest) <= Slack * nearest)
            .OrderByDescending(candidate => SmallestShare(candidate.Window))
            .ThenBy(candidate => Math.Abs(candidate.Density - nearest))
            .ThenByDescending(static candidate => candidate.Window.Frames)
            .First().Window;
    }

    /// <summary>
    /// Windows of roughly one cost and different shapes, for a search per head: for each pair of (frames, height) the width that comes
    /// nearest below a density, if it reaches a share of it.
    /// </summary>
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
        long kept = _textQueryBlocks * (_keyBlocks[^1] + _textKeyBlocks);
        for (int tile = 0; tile < _layout.TileCount; tile++)
        {
            (int frame, int row, int column) = _layout.CoordinatesOf(tile);
            long keys = KeyBlocksIn(
                    window.FrameRange(frame, _layout), window.RowRange(row, _layout), window.ColumnRange(column, _layout))
                + _textKeyBlocks;
            kept += keys * CeilingDivision.Of(_layout.ValidTokens(tile), _size.Query);
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
                    long own = CeilingDivision.Of(layout.ValidTokens(layout.TileAt(f - 1, h - 1, w - 1)), keyBlock);
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

        long Slab(int f) => Sum(f, rows.Last + 1, columns.Last + 1)
            - Sum(f, rows.First, columns.Last + 1)
            - Sum(f, rows.Last + 1, columns.First)
            + Sum(f, rows.First, columns.First);

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

    private double SmallestShare(TileWindow window) =>
        Math.Min(
            (double)window.Frames / _layout.Counts.Frames,
            Math.Min((double)window.Height / _layout.Counts.Height, (double)window.Width / _layout.Counts.Width));
}
