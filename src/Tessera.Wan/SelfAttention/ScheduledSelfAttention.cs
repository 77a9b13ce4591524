using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Layout;
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
    private readonly TokenOrder? _order;
    private readonly Dictionary<AttentionPlan, AttentionPlan> _stored = new(ReferenceEqualityComparer.Instance);
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
        _order = StoredPlans.SharedOrder(_schedule);
        _runner = new PlanRunner(settings, meter ?? new SelfAttentionMeter());
    }

    /// <summary>The plans.</summary>
    public PlanSchedule Schedule => _schedule;

    /// <summary>Kernels held now.</summary>
    internal int Kernels => _runner.Kernels;

    /// <inheritdoc/>
    /// <remarks>The order that all plans of the schedule share, where they share one.</remarks>
    public TokenOrder? StorageOrder(TokenGrid grid) => _order is not null && _order.Tokens == grid.Tokens ? _order : null;

    /// <inheritdoc/>
    /// <exception cref="PlanMismatchException">The plan of the call was made for another shape or grid.</exception>
    public void Attend(
        in SelfAttentionCall call, in AttentionInputs inputs, TensorSpan<float> output, CancellationToken cancellationToken = default)
    {
        if (call.Step.Step != _step)
        {
            _runner.HoldOnly(PlansOf(call));
            _step = call.Step.Step;
        }

        AttentionPlan plan = _schedule[call.Step];
        if (plan.Shape != inputs.Shape || (plan.Grid is { } grid && grid != call.Grid))
        {
            throw new PlanMismatchException(
                $"Plan '{plan.Name}' was made for {plan.Shape} on grid {plan.Grid}, the call has {inputs.Shape} on grid {call.Grid}; "
                    + "calibrate a plan for this size.");
        }

        plan = call.Order is { } order ? StoredIn(plan, order) : plan;
        _runner.Run(call, plan, TimeSpan.Zero, holds: true, inputs, output, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _runner.Dispose();

    private AttentionPlan StoredIn(AttentionPlan plan, TokenOrder order)
    {
        if (!_stored.TryGetValue(plan, out AttentionPlan? stored))
        {
            stored = plan.StoredIn(order);
            _stored.Add(plan, stored);
        }

        return stored;
    }

    private HashSet<AttentionPlan> PlansOf(in SelfAttentionCall call)
    {
        HashSet<AttentionPlan> plans = new(ReferenceEqualityComparer.Instance);
        for (int layer = 0; layer < call.Step.LayerCount; layer++)
        {
            AttentionPlan plan = _schedule[call.Step with { Layer = layer }];
            plans.Add(call.Order is { } order ? StoredIn(plan, order) : plan);
        }

        return plans;
    }
}
