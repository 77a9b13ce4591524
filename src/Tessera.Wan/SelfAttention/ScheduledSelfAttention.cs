using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Wan.Transformer;

namespace Tessera.Wan.SelfAttention;

/// <summary>
/// Self-attention by a stored schedule: each call runs the plan of its step (or noise time) and layer. Both guidance branches run the same
/// plan, as PAROAttention's masks and FPSAttention's phases say. Not thread-safe.
/// </summary>
/// <remarks>
/// Kernels are compiled when a plan first comes up and held while the current step needs them; at the first call of a step the kernels of
/// plans that none of its layers runs are disposed.
/// </remarks>
public sealed class ScheduledSelfAttention : ISelfAttention
{
    private readonly PlanSchedule _schedule;
    private readonly PlanRunner _runner;
    private int _step = -1;

    /// <summary>Takes a schedule.</summary>
    /// <param name="schedule">Plans over one grid; a batch that they were calibrated with does not matter.</param>
    /// <param name="settings">What runs them.</param>
    /// <param name="meter">Receives counts and times; null for none of your own.</param>
    public ScheduledSelfAttention(PlanSchedule schedule, KernelSettings settings, SelfAttentionMeter? meter = null)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(settings);
        _schedule = schedule.ForOneSequence();
        _runner = new PlanRunner(settings, meter ?? new SelfAttentionMeter());
    }

    /// <summary>The plans.</summary>
    public PlanSchedule Schedule => _schedule;

    /// <summary>Kernels held now.</summary>
    internal int Kernels => _runner.Kernels;

    /// <inheritdoc/>
    /// <exception cref="PlanMismatchException">The plan of the call was made for another shape or grid.</exception>
    public void Attend(
        in SelfAttentionCall call, in AttentionInputs inputs, TensorSpan<float> output, CancellationToken cancellationToken = default)
    {
        if (call.Step.Step != _step)
        {
            _runner.HoldOnly(PlansOf(call.Step));
            _step = call.Step.Step;
        }

        AttentionPlan plan = _schedule[call.Step];
        if (plan.Shape != inputs.Shape || (plan.Grid is { } grid && grid != call.Grid))
        {
            throw new PlanMismatchException(
                $"Plan '{plan.Name}' was made for {plan.Shape} on grid {plan.Grid}, the call has {inputs.Shape} on grid {call.Grid}; "
                    + "calibrate a plan for this size.");
        }

        _runner.Run(call, plan, TimeSpan.Zero, holds: true, inputs, output, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _runner.Dispose();

    private HashSet<AttentionPlan> PlansOf(StepContext step)
    {
        HashSet<AttentionPlan> plans = new(ReferenceEqualityComparer.Instance);
        for (int layer = 0; layer < step.LayerCount; layer++)
        {
            plans.Add(_schedule[step with { Layer = layer }]);
        }

        return plans;
    }
}
