using Tessera.Masks;
using Tessera.Quantization;

namespace Tessera.Attention;

/// <summary>Whether a plan pays on a machine: its predicted time beside that of computing every block.</summary>
/// <param name="Plan">The plan itself.</param>
/// <param name="PlanningSeconds">Planning in every call; 0 when the plan is made once.</param>
/// <param name="Dense">Dense attention with the plan's number formats, in natural order.</param>
/// <param name="DenseFloat32">Dense attention in float32.</param>
/// <param name="BreakEvenDensity">
/// Largest density at which blocks of the plan's size and formats, evenly spread, are no slower than <paramref name="Dense"/>; 0 when none
/// is.
/// </param>
public sealed record PlanAdvice(
    CostEstimate Plan, double PlanningSeconds, CostEstimate Dense, CostEstimate DenseFloat32, double BreakEvenDensity)
{
    /// <summary>Whether computing every block in the same formats would take less time.</summary>
    public bool IsDenseFaster => Dense.Seconds < Plan.Seconds + PlanningSeconds;

    /// <summary>Predicted speed-up against dense attention in the same formats.</summary>
    public double SpeedUp => Dense.Seconds / (Plan.Seconds + PlanningSeconds);

    /// <summary>One sentence for people.</summary>
    public string Note => IsDenseFaster
        ? FormattableString.Invariant(
            $"dense is faster here: {Time(Dense.Seconds)} against {Time(Plan.Seconds + PlanningSeconds)} predicted")
            + (BreakEvenDensity > 0
                ? FormattableString.Invariant($"; sparse blocks pay below {BreakEvenDensity * 100:0} % density")
                : "; no density pays at this size")
        : FormattableString.Invariant(
            $"{SpeedUp:0.0}x predicted against dense in the same formats, {DenseFloat32.Seconds / (Plan.Seconds + PlanningSeconds):0.0}x ")
            + FormattableString.Invariant($"against dense float32; sparse blocks pay below {BreakEvenDensity * 100:0} % density");

    /// <summary>Predicts a plan and what it competes with.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="model">The machine.</param>
    /// <param name="planningSeconds">Planning in every call, for online methods.</param>
    public static PlanAdvice For(AttentionPlan plan, ICostModel model, double planningSeconds = 0)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(model);
        AttentionPlan dense = DenseOf(plan);
        CostEstimate denseCost = model.Predict(dense);
        AttentionPlan float32 = dense with { Name = "dense-none", Recipe = KnownRecipes.Float32 };
        return new PlanAdvice(
            model.Predict(plan), planningSeconds, denseCost, model.Predict(float32),
            FindBreakEven(plan, model, denseCost.Seconds - planningSeconds));
    }

    /// <summary>Every block in natural order, with the plan's formats and score functor.</summary>
    private static AttentionPlan DenseOf(AttentionPlan plan) => plan with
    {
        Name = $"dense-{plan.Recipe.Name}",
        Orders = [],
        Mask = BlockMask.Dense(plan.Shape.QueryLength, plan.Shape.KeyLength, BlockSize.Default),
        Normalization = SoftmaxNormalization.KeptBlocks,
        ProbabilitySkipThreshold = null,
    };

    private static double FindBreakEven(AttentionPlan plan, ICostModel model, double budget)
    {
        BlockMask mask = plan.Mask;
        int slower = mask.KeyBlocks;
        int faster = 0;
        while (slower - faster > 1)
        {
            int kept = (slower + faster) / 2;
            BlockMask scattered = ScatteredMask.Of(mask.QuerySlots, mask.KeySlots, mask.Size, kept / (double)mask.KeyBlocks);
            bool pays = model.Predict(plan with { Mask = scattered }).Seconds <= budget;
            (faster, slower) = pays ? (kept, slower) : (faster, kept);
        }

        return faster / (double)mask.KeyBlocks;
    }

    private static string Time(double seconds) =>
        seconds < 1 ? FormattableString.Invariant($"{seconds * 1e3:0.0} ms") : FormattableString.Invariant($"{seconds:0.00} s");
}
