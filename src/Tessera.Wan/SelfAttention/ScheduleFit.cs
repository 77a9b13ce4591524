using Tessera.Attention;
using Tessera.Layout;
using Tessera.Wan.Checkpoints;

namespace Tessera.Wan.SelfAttention;

/// <summary>Whether a schedule was made for a model and a video.</summary>
public static class ScheduleFit
{
    /// <summary>Requires that a schedule fits: heads, width of a head, layers, tokens and grid.</summary>
    /// <param name="schedule">Plans, for example of a plan file.</param>
    /// <param name="model">The transformer.</param>
    /// <param name="grid">Tokens of the video.</param>
    /// <exception cref="PlanMismatchException">It does not; the message names both sides and what to do.</exception>
    public static void Require(PlanSchedule schedule, WanTransformerConfig model, TokenGrid grid)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(model);
        AttentionShape shape = schedule.Plans[0].Shape;
        if ((shape.Heads, shape.HeadDim) != (model.Heads, model.HeadDim))
        {
            throw new PlanMismatchException(
                $"Plan '{schedule.Name}' was made for {shape.Heads} heads of {shape.HeadDim} channels, the model has {model.Heads} of "
                    + $"{model.HeadDim}; calibrate a plan for this checkpoint.");
        }

        if (schedule.Layers > 1 && schedule.Layers != model.Layers)
        {
            throw new PlanMismatchException(
                $"Plan '{schedule.Name}' was made for {schedule.Layers} layers, the model has {model.Layers}; calibrate a plan for this "
                    + "checkpoint.");
        }

        foreach (AttentionPlan plan in schedule.Plans)
        {
            if (plan.Grid is { } made && made != grid)
            {
                throw new PlanMismatchException(
                    $"Plan '{plan.Name}' was made for a grid of {made} tokens, the video has {grid}; ask for its size and length or "
                        + "calibrate a plan for this one.");
            }
        }

        if (shape.QueryLength != grid.Tokens || shape.KeyLength != grid.Tokens)
        {
            throw new PlanMismatchException(
                $"Plan '{schedule.Name}' was made for {shape.QueryLength} tokens, the video has {grid.Tokens} ({grid}); calibrate a plan "
                    + "for this size.");
        }
    }

    /// <summary>The schedule for one sequence a call: plans that were calibrated with a batch keep orders and masks.</summary>
    internal static PlanSchedule ForOneSequence(this PlanSchedule schedule) => schedule.Plans.All(static plan => plan.Shape.Batch == 1)
        ? schedule
        : schedule.WithPlans(static plan => plan with { Shape = plan.Shape with { Batch = 1 } });

    /// <summary>The same table over other plans, one for one.</summary>
    internal static PlanSchedule WithPlans(this PlanSchedule schedule, Func<AttentionPlan, AttentionPlan> change) => new(
        schedule.Name, [.. schedule.Plans.Select(change)], schedule.Axis, schedule.NoiseBoundaries, schedule.Table, schedule.Layers,
        schedule.Policy, schedule.DensePlanIndex);
}
