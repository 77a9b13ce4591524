using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Methods.SlidingTile;

namespace Tessera.Methods.Fps;

/// <summary>
/// FPSAttention: tile-wise FP8 (E4M3) on the same 3D tiles as a sliding tile window, with granularity and window changing over the
/// denoising steps. Algorithm 1 of the paper as a plan: tile-major order, window mask, recipe with one scale per tile of Q and K.
/// </summary>
/// <param name="options">Settings; null for the default preset.</param>
public sealed class FpsMethod(FpsOptions? options = null) : IAttentionMethod
{
    /// <inheritdoc/>
    public string Name => "fps";

    /// <summary>Settings in force.</summary>
    public FpsOptions Options { get; } = Checked(options ?? FpsOptions.Default);

    /// <inheritdoc/>
    public bool IsOnline => false;

    /// <inheritdoc/>
    public MethodDescription Describe() => new(
        "FPSAttention",
        "FPSAttention: Training-Aware FP8 and Sparsity Co-Design for Fast Video Diffusion, NeurIPS 2025, arXiv 2506.04648",
        FormattableString.Invariant($"preset {Options.Preset}, tile {Options.Tile}, {DescribeWindows()}, ")
            + FormattableString.Invariant($"scale tiles {string.Join(" ", Options.ScaleTiles)}, ")
            + FormattableString.Invariant($"alpha {Options.Alpha1} {Options.Alpha2}, P at {Options.ProbabilityScale}"),
        [
            "Scales of Q and K are folded into the scores: they vary over key tiles, so the printed algorithm, "
                + "which dequantises only the output, is incomplete.",
            "Windows hold for the key tiles of a query tile and keep their size at borders; the printed line 27 asks the other way round, "
                + "which clamping does not allow.",
            "Phases follow noise time u and not step numbers, which agrees with the paper at even steps "
                + "and carries over to other samplers.",
            "Border tiles are compacted to whole blocks; padding is left out of every absolute maximum and masked as keys.",
            "Quantiser codes are X / s with s = max|X| / 448, the only consistent reading of the paper's Q(X, s).",
            "Reversed key order is not offered; P against each tile's own row maximum removes the same underflow in any order.",
            "Training-free: the paper fine-tunes with the mask and FP8 in the loop; without that take the safe preset.",
        ]);

    /// <inheritdoc/>
    public AttentionPlan Plan(in AttentionInputs inputs, in PlanningContext context, CancellationToken cancellationToken = default)
    {
        AttentionShape shape = inputs.Shape;
        FpsPhase phase = Options.PhaseOf(context.Step.NoiseTime);
        TileLayout layout = Layout(shape, context);
        return Options.DensePolicy.Covers(context.Step) ? Full(shape, context, layout) : Phase(shape, context, layout, phase);
    }

    /// <summary>The plans of a whole generation: three phases by noise time behind the dense warm-up, one permutation for all.</summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="context">Grid, block size, scale, and a recipe that overrides FP8 where given; its step is not looked at.</param>
    public PlanSchedule Schedule(AttentionShape shape, in PlanningContext context)
    {
        TileLayout layout = Layout(shape, context);
        AttentionPlan[] phases =
        [
            Phase(shape, context, layout, FpsPhase.Early),
            Phase(shape, context, layout, FpsPhase.Middle),
            Phase(shape, context, layout, FpsPhase.Late),
        ];
        PlanSchedule schedule = PlanSchedule.ByNoise($"fps-{Options.Preset}", phases, [1 - Options.Alpha1, 1 - Options.Alpha2]);
        return Options.DensePolicy == DensePolicy.None ? schedule : schedule.WithDense(Full(shape, context, layout), Options.DensePolicy);
    }

    /// <summary>Window of a phase on a layout: the options' own, or the one that the density picks.</summary>
    public TileWindow WindowOf(FpsPhase phase, TileLayout layout, BlockSize size) =>
        Options.Density is { } density
            ? new TileWindowCatalogue(layout, size).ForDensity(density, Options.Bound)
            : Options.Windows[(int)phase];

    private static FpsOptions Checked(FpsOptions options)
    {
        options.Validate();
        return options;
    }

    private TileLayout Layout(AttentionShape shape, in PlanningContext context)
    {
        context.RequireFits(shape);
        return TileLayout.ForBlocks(context.Grid, Options.Tile, context.BlockSize.Query, context.BlockSize.Key);
    }

    private AttentionPlan Phase(AttentionShape shape, in PlanningContext context, TileLayout layout, FpsPhase phase) =>
        Windowed(shape, context, layout, WindowOf(phase, layout, context.BlockSize), phase);

    private AttentionPlan Full(AttentionShape shape, in PlanningContext context, TileLayout layout) =>
        Windowed(shape, context, layout, new TileWindow(layout.Counts.Frames, layout.Counts.Height, layout.Counts.Width), FpsPhase.Middle);

    private AttentionPlan Windowed(AttentionShape shape, in PlanningContext context, TileLayout layout, TileWindow window, FpsPhase phase)
    {
        PlanningContext quantized = context with { Recipe = context.Recipe ?? Options.RecipeOf(phase) };
        AttentionPlan plan = SlidingTileMethod.Plan(shape, quantized, layout, [window]);
        return plan with { Name = $"fps-{layout.Tile}-w{window}-{quantized.Recipe.Name}" };
    }

    private string DescribeWindows() => Options.Density is { } density
        ? FormattableString.Invariant($"one window of density {density:0.000}")
        : $"windows {string.Join(" ", Options.Windows)}";
}
