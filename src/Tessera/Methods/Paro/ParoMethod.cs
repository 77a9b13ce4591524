using Tessera.Attention;

namespace Tessera.Methods.Paro;

/// <summary>
/// PAROAttention: one token order per head that makes its attention block-wise, and a static block mask on top, both calibrated offline.
/// With a stored schedule it hands out its plans; without one it calibrates on the inputs it is given.
/// </summary>
/// <param name="reader">Reads block statistics of softmax maps; a backend offers one.</param>
/// <param name="options">Settings; null for the defaults.</param>
/// <param name="stored">Plans made before, or null.</param>
public sealed class ParoMethod(IAttentionMapReader reader, ParoOptions? options = null, PlanSchedule? stored = null) : IAttentionMethod
{
    private readonly IAttentionMapReader _reader = reader ?? throw new ArgumentNullException(nameof(reader));

    /// <inheritdoc/>
    public string Name => "paro";

    /// <summary>Settings in force.</summary>
    public ParoOptions Options { get; } = options ?? new ParoOptions();

    /// <summary>Plans made before, or null.</summary>
    public PlanSchedule? Stored { get; } = stored;

    /// <inheritdoc/>
    public bool IsOnline => false;

    /// <inheritdoc/>
    public MethodDescription Describe() => new(
        "PAROAttention: pattern-aware reordering",
        "PAROAttention: Pattern-Aware ReOrdering for Efficient Sparse and Quantized Attention in Visual Generation Models, "
            + "NeurIPS 2025, arXiv 2506.16054",
        FormattableString.Invariant(
            $"density {Options.Density:0.00} ({Options.DensityCount}), metric {Options.Metric}, scope {Options.Scope}, ")
            + FormattableString.Invariant(
                $"criterion {Options.Criterion}, blocks start at {Options.Origin}, {Options.Normalization}"),
        [
            "Orders are chosen by the attention mass that the mask keeps, not by the printed score, "
                + "whose sparse term rewards fewer empty blocks; both paper scores are options.",
            "Text is padded to a whole block so that video blocks start on the first video token; "
                + "the released lattice starts at token 0 and shifts them.",
            "The threshold is one tau over all heads and mask groups that meets the density exactly; "
                + "the paper does not say how tau is set.",
            "The last block row and column are not forced: kernels handle partial tiles.",
            "Every row keeps at least one block and text strips; heads above 90 % density run dense.",
            "Orders and masks only: number formats come from the recipe, so the paper's INT8 and INT4 are recipes on the same plan.",
        ]);

    /// <inheritdoc/>
    public AttentionPlan Plan(in AttentionInputs inputs, in PlanningContext context, CancellationToken cancellationToken = default)
    {
        if (Stored is null)
        {
            return Calibrate(inputs, context, cancellationToken).Plans[0];
        }

        AttentionPlan plan = Stored[context.Step];
        if (plan.Shape with { Batch = inputs.Shape.Batch } != inputs.Shape || (plan.Grid is { } grid && grid != context.Grid))
        {
            throw new PlanMismatchException(
                $"Stored plan '{plan.Name}' was calibrated for {plan.Shape} on grid {plan.Grid}, "
                    + $"the call has {inputs.Shape} on grid {context.Grid}; calibrate again for this shape.");
        }

        // Masks and orders hold for any batch and recipe; a plan that fits already stays the same instance, so that kernels are found
        // again.
        plan = plan.Shape == inputs.Shape ? plan : plan with { Shape = inputs.Shape };
        return context.Recipe is { } recipe && recipe != plan.Recipe ? plan with { Recipe = recipe } : plan;
    }

    /// <summary>Calibrates on one set of inputs and reports.</summary>
    /// <param name="inputs">Q and K, and V when the metric or the criterion reads it; batch entries count as observations of their
    /// own.</param>
    /// <param name="context">Grid, block size, scale and recipe.</param>
    /// <param name="cancellationToken">Polled between block rows.</param>
    public ParoCalibration Calibrate(in AttentionInputs inputs, in PlanningContext context, CancellationToken cancellationToken = default)
    {
        ParoCalibrator calibrator = new(context, inputs.Shape, _reader, Options);
        calibrator.Add(inputs, 0, cancellationToken);
        if (Options.QueryBlockStride > 1)
        {
            calibrator.ChooseOrders();
            calibrator.Add(inputs, 0, cancellationToken);
        }

        return calibrator.Build();
    }
}
