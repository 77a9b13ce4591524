using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Methods.Dense;
using Tessera.Quantization;

namespace Tessera.Methods.SlidingTile;

/// <summary>
/// Sliding Tile Attention: tokens stand in 3D tiles, and each query tile sees a box of tiles around it that keeps its size at borders.
/// Static; windows are given, picked by a density, or searched per head within one.
/// </summary>
/// <param name="options">Settings; null for the window 3x3x3.</param>
public sealed class SlidingTileMethod(SlidingTileOptions? options = null) : IAttentionMethod
{
    /// <inheritdoc/>
    public string Name => "sta";

    /// <summary>Settings in force.</summary>
    public SlidingTileOptions Options { get; } = options ?? new SlidingTileOptions();

    /// <inheritdoc/>
    public bool IsOnline => false;

    /// <inheritdoc/>
    public MethodDescription Describe() => new(
        "Sliding Tile Attention",
        "Fast Video Generation with Sliding Tile Attention, ICML 2025, arXiv 2502.04507",
        $"tile {Options.Tile}, {DescribeWindows()}, {Options.Dense}",
        [
            "Any grid: border tiles hold fewer tokens and take fewer blocks; "
                + "the released kernel accepts three canvases and repeats tokens.",
            "Even windows see exactly that many tiles (half before, half minus one after), as attention-gym; "
                + "the released rule sees one more.",
            "Any tile: 6x8x8 is the default; a tile is a whole number of blocks because its run is padded to one.",
            "Text rows and columns are kept as padded blocks of their own, in front or behind; padding keys are masked by count.",
        ]);

    /// <inheritdoc/>
    public AttentionPlan Plan(in AttentionInputs inputs, in PlanningContext context, CancellationToken cancellationToken = default)
    {
        if (Options.Dense.Covers(context.Step))
        {
            return new DenseMethod().Plan(inputs, context, cancellationToken);
        }

        AttentionShape shape = inputs.Shape;
        context.RequireFits(shape);
        TileLayout layout = TileLayout.ForBlocks(context.Grid, Options.Tile, context.BlockSize.Query, context.BlockSize.Key);
        if (Options.Density is not { } density)
        {
            return Plan(shape, context, layout, Options.Windows);
        }

        TileWindowCatalogue catalogue = new(layout, context.BlockSize);
        if (!Options.SearchPerHead)
        {
            return Plan(shape, context, layout, [catalogue.ForDensity(density, Options.Bound)]);
        }

        SlidingTileSearch search = new(shape, context, Options.Tile, catalogue.CandidatesFor(density));
        search.AddSampled(inputs, cancellationToken: cancellationToken);
        return search.Plan();
    }

    /// <summary>The plan of a layout and its windows; FPSAttention shares it.</summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="context">Block size, recipe and scale.</param>
    /// <param name="layout">Tiles, aligned to the blocks of the context.</param>
    /// <param name="windows">One window for all heads, or one per head.</param>
    /// <exception cref="ArgumentException">The number of windows fits neither.</exception>
    public static AttentionPlan Plan(AttentionShape shape, in PlanningContext context, TileLayout layout, IReadOnlyList<TileWindow> windows)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(windows);
        if (windows.Count != 1 && windows.Count != shape.Heads)
        {
            throw new ArgumentException(
                $"{windows.Count} windows do not fit {shape.Heads} heads; wanted one for all or one per head.", nameof(windows));
        }

        bool alike = windows.Distinct().Count() == 1;
        BlockMaskBuilder builder = new(alike ? 1 : shape.Heads, layout.Slots, layout.Slots, context.BlockSize);
        for (int head = 0; head < builder.Heads; head++)
        {
            builder.KeepTileWindow(head, layout, windows[head]);
        }

        QuantizationRecipe recipe = context.Recipe ?? KnownRecipes.Float32;
        return new AttentionPlan
        {
            Name = $"sta-{layout.Tile}-w{(alike ? $"{windows[0]}" : "per-head")}{(recipe.IsExact ? "" : $"-{recipe.Name}")}",
            Shape = shape,
            Grid = context.Grid,
            Orders = [layout.Order],
            Mask = builder.Build(),
            Recipe = recipe,
            Scale = context.Scale,
        };
    }

    private string DescribeWindows()
    {
        if (Options.Density is not { } density)
        {
            return $"windows {string.Join(" ", Options.Windows.Distinct())}";
        }

        string bound = Options.Bound == DensityBound.AtMost ? "at most" : "at least";
        string search = Options.SearchPerHead ? ", searched per head" : "";
        return FormattableString.Invariant($"window of {bound} density {density:0.000}{search}");
    }
}
