using Tessera.Layout;
using Tessera.Masks;

namespace Tessera.Methods.SlidingTile;

/// <summary>Settings of Sliding Tile Attention.</summary>
public sealed record SlidingTileOptions
{
    /// <summary>Candidates of the released per-head search on Wan2.1, in tiles of 6x8x8.</summary>
    public static IReadOnlyList<TileWindow> WanCandidates { get; } =
        [new(3, 1, 10), new(1, 5, 7), new(3, 3, 3), new(1, 6, 5), new(1, 3, 10), new(3, 6, 1)];

    /// <summary>Windows of the released HunyuanVideo strategy, in tiles of 6x8x8.</summary>
    public static IReadOnlyList<TileWindow> HunyuanCandidates { get; } =
        [new(5, 3, 3), new(1, 6, 10), new(3, 3, 5), new(5, 1, 10), new(5, 6, 1)];

    /// <summary>Tokens of a tile.</summary>
    public TileShape Tile { get; init; } = new(6, 8, 8);

    /// <summary>
    /// Window of all heads, or one per head; what <see cref="SlidingTileSearch"/> finds goes here. Ignored when <see cref="Density"/> is
    /// given.
    /// </summary>
    public IReadOnlyList<TileWindow> Windows { get; init; } = [new(3, 3, 3)];

    /// <summary>Density that picks one window for all heads; null leaves <see cref="Windows"/> in force.</summary>
    public double? Density { get; init; }

    /// <summary>
    /// With <see cref="Density"/>: search a window per head among all shapes of about that cost, by squared error against dense attention
    /// on sampled rows of the inputs, as the paper's training-free mode does. Without: one window for all heads, and inputs are not looked
    /// at.
    /// </summary>
    public bool SearchPerHead { get; init; }

    /// <summary>Side of the density on which the one window for all heads may lie; a search stays at or below the density.</summary>
    public DensityBound Bound { get; init; }

    /// <summary>Steps and layers that run dense; the released strategies keep 12 (Wan) or 15 (Hunyuan) of 50 steps dense.</summary>
    public Attention.DensePolicy Dense { get; init; }
}
