using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Methods.Dense;
using Tessera.Quantization;

namespace Tessera.Methods.SparseVideoGen;

/// <summary>
/// Sparse VideoGen: each head is classified online as spatial or temporal; spatial heads keep a band in natural order, temporal heads the
/// same band after a layout transform to token-major order. Online: Q, K and V of every call are sampled.
/// </summary>
/// <remarks>
/// What follows from grid and block size alone, band, orders and profiling masks, is made once and kept for the last grid, so a call costs
/// the sampled rows only. Safe to share between threads.
/// </remarks>
/// <param name="options">Settings; null for density 0.30.</param>
/// <param name="reader">Reads the sampled rows with a backend's kernels; null reads them with plain vector loops, several times
/// slower.</param>
public sealed class SparseVideoGenMethod(SparseVideoGenOptions? options = null, IAttentionMapReader? reader = null) : IAttentionMethod
{
    private Prepared? _prepared;

    /// <inheritdoc/>
    public string Name => "svg";

    /// <summary>Settings in force.</summary>
    public SparseVideoGenOptions Options { get; } = options ?? new SparseVideoGenOptions();

    /// <inheritdoc/>
    public bool IsOnline => true;

    /// <inheritdoc/>
    public MethodDescription Describe() => new(
        "Sparse VideoGen",
        "Sparse VideoGen: Accelerating Video Diffusion Transformers with Spatial-Temporal Sparsity, ICML 2025, arXiv 2502.01776",
        FormattableString.Invariant($"density {Options.Density:0.000} ({Options.BandRule}), {Options.Variant} mask, ")
            + FormattableString.Invariant($"{Options.SampledRows} rows of the first {Options.SampleRange}, seed {Options.Seed}, ")
            + FormattableString.Invariant(
                $"dense shares {Options.FirstStepsDense} of steps and {Options.FirstLayersDense} of layers"),
        [
            "The density counts every block computed, sink and text strips included; "
                + "the released formula leaves the sink out and is an option.",
            "Bands are whole blocks of the plan's own block size, so nothing is masked inside a block; "
                + "the released FlexAttention mask cuts blocks of 128.",
            "Any grid: frames need not be a multiple of a block, and nothing is hard-coded per model.",
            "Rows are drawn from video tokens only, from a seed with step, layer and head; the released sampling is unseeded.",
            "Over a batch the errors are averaged and the head gets one kind; the released code decides per guidance branch.",
            "As released, the sink of temporal heads is the first slots after the layout transform, not the first frame.",
            "All text tokens count as real; text padding has to be cut before.",
        ]);

    /// <inheritdoc/>
    public AttentionPlan Plan(in AttentionInputs inputs, in PlanningContext context, CancellationToken cancellationToken = default)
    {
        if (Options.DensePolicy(context.Step).Covers(context.Step))
        {
            return new DenseMethod().Plan(inputs, context, cancellationToken);
        }

        context.RequireFits(inputs.Shape);
        VideoHeadKind[] kinds = Classify(inputs, context, cancellationToken);
        return Plan(inputs.Shape, context, kinds);
    }

    /// <summary>Kind of each head, from sampled rows of dense attention.</summary>
    /// <param name="inputs">Q, K and V; all three are read.</param>
    /// <param name="context">Grid, step, layer and scale.</param>
    /// <param name="cancellationToken">Polled between heads.</param>
    public VideoHeadKind[] Classify(in AttentionInputs inputs, in PlanningContext context, CancellationToken cancellationToken = default)
    {
        context.RequireFits(inputs.Shape);
        double scale = context.Scale ?? (1.0 / Math.Sqrt(inputs.Shape.HeadDim));
        return Prepare(context).Classifier.Classify(inputs, scale, context.Step, reader, cancellationToken);
    }

    /// <summary>The plan of known head kinds.</summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="context">Grid, block size, recipe and scale.</param>
    /// <param name="kinds">Kind of each head.</param>
    /// <exception cref="ArgumentException">Their number is not the number of heads.</exception>
    public AttentionPlan Plan(AttentionShape shape, in PlanningContext context, IReadOnlyList<VideoHeadKind> kinds)
    {
        ArgumentNullException.ThrowIfNull(kinds);
        context.RequireFits(shape);
        if (kinds.Count != shape.Heads)
        {
            throw new ArgumentException($"{kinds.Count} head kinds do not fit {shape.Heads} heads.", nameof(kinds));
        }

        TokenGrid grid = context.Grid;
        Prepared prepared = Prepare(context);
        bool allSpatial = kinds.All(static kind => kind == VideoHeadKind.Spatial);
        QuantizationRecipe recipe = context.Recipe ?? KnownRecipes.Float32;
        return new AttentionPlan
        {
            Name = FormattableString.Invariant(
                $"svg-d{Options.Density:0.00}-{kinds.Count(static kind => kind == VideoHeadKind.Temporal)}t")
                + $"{(recipe.IsExact ? "" : $"-{recipe.Name}")}",
            Shape = shape,
            Grid = grid,
            Orders = allSpatial ? [] : [.. kinds.Select(kind => kind == VideoHeadKind.Temporal ? prepared.TokenMajor : prepared.Natural)],
            Mask = prepared.Mask,
            Recipe = recipe,
            Scale = context.Scale,
        };
    }

    /// <summary>The mask that all heads share in their own order: a band, and the text strips or the sink.</summary>
    public BlockMask BandMask(TokenGrid grid, BlockSize size)
    {
        PlanningContextChecks.RequireDensity(Options.Density, nameof(Options.Density));
        int block = Math.Max(size.Query, size.Key);
        if (Options.BandRule == BandRule.Published)
        {
            double share = Math.Max(0, Options.Density - (2.0 * grid.TextTokens / grid.Tokens));
            double width = grid.Tokens * (1 - Math.Sqrt(1 - share));
            return Draw(grid, size, (int)Math.Min(grid.Tokens, Math.Ceiling(width / block) * block)).Build();
        }

        // Density grows with the radius: bisect on block diagonals for the widest band within the budget.
        int low = 0;
        int high = CeilingDivision.Of(grid.VideoTokens, block);
        BlockMaskBuilder best = Draw(grid, size, 0);
        double budget = Options.Density * best.QueryBlocks * best.KeyBlocks;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            BlockMaskBuilder candidate = Draw(grid, size, (int)Math.Min((long)middle * block, grid.VideoTokens));
            if (candidate.KeptBlocks <= budget)
            {
                low = middle;
                best = candidate;
            }
            else
            {
                high = middle - 1;
            }
        }

        return best.Build();
    }

    private bool HasSink(TokenGrid grid) => Options.Variant switch
    {
        SparseVideoGenVariant.Wan => true,
        SparseVideoGenVariant.Hunyuan => false,
        _ => grid.TextTokens == 0,
    };

    private Prepared Prepare(in PlanningContext context)
    {
        TokenGrid grid = context.Grid;
        if (_prepared is { } known && known.Grid == grid && known.Size == context.BlockSize)
        {
            return known;
        }

        Prepared made = new(
            grid, context.BlockSize, BandMask(grid, context.BlockSize), TokenOrder.Identity(grid.Tokens), GridOrders.TokenMajor(grid),
            new VideoHeadClassifier(grid, Options, HasSink(grid)));
        _prepared = made;
        return made;
    }

    private BlockMaskBuilder Draw(TokenGrid grid, BlockSize size, int radius)
    {
        BlockMaskBuilder builder = new(1, grid.Tokens, grid.Tokens, size);
        SlotRange video = new(grid.VideoStart, grid.VideoTokens);
        builder.KeepBand(0, radius, video, video);
        if (HasSink(grid))
        {
            builder.KeepKeyStrip(0, new SlotRange(grid.VideoStart, grid.FrameTokens));
        }

        builder.KeepText(0, grid);
        return builder;
    }

    /// <summary>What a grid and a block size alone decide.</summary>
    private sealed record Prepared(
        TokenGrid Grid, BlockSize Size, BlockMask Mask, TokenOrder Natural, TokenOrder TokenMajor, VideoHeadClassifier Classifier);
}
