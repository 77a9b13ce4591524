using System.Diagnostics;
using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Methods;
using Tessera.Wan.Transformer;

namespace Tessera.Wan.SelfAttention;

/// <summary>
/// Self-attention of methods that plan from the Q and K of the moment (Sparse VideoGen, SpargeAttention). The guidance branch that comes
/// first plans, the other runs the same plan for the same step and layer. Planning and compiling count as time of the call.
/// Not thread-safe.
/// </summary>
/// <remarks>
/// Memory: a block mask per layer between the two branches, 4 bytes a kept block; 3.8 MB a layer for 12 heads of 512 x 512 blocks at
/// density 0.3. Kernels are not held, since no plan comes a third time.
/// </remarks>
public sealed class OnlineSelfAttention : ISelfAttention
{
    private readonly IAttentionMethod _method;
    private readonly PlanningContext _context;
    private readonly DensePolicy _policy;
    private readonly PlanRunner _runner;
    private readonly Dictionary<int, Held> _held = [];
    private AttentionPlan? _dense;

    /// <summary>Takes a method.</summary>
    /// <param name="method">A method whose <see cref="IAttentionMethod.IsOnline"/> holds. Give the warm-up here and not to it.</param>
    /// <param name="context">Grid, recipe and block size of the plans; step and layer are those of each call.</param>
    /// <param name="policy">Steps and layers that run dense in float32.</param>
    /// <param name="settings">What runs the plans.</param>
    /// <param name="meter">Receives counts and times; null for none of your own.</param>
    /// <exception cref="ArgumentException">The method plans offline.</exception>
    public OnlineSelfAttention(
        IAttentionMethod method, PlanningContext context, DensePolicy policy, KernelSettings settings, SelfAttentionMeter? meter = null)
    {
        ArgumentNullException.ThrowIfNull(method);
        ArgumentNullException.ThrowIfNull(settings);
        if (!method.IsOnline)
        {
            throw new ArgumentException(
                $"Method {method.Name} plans once, offline; run its schedule with {nameof(ScheduledSelfAttention)}.", nameof(method));
        }

        _method = method;
        _context = context;
        _policy = policy;
        _runner = new PlanRunner(settings, meter ?? new SelfAttentionMeter());
    }

    /// <summary>Plans held for the other guidance branch.</summary>
    internal int HeldPlans => _held.Count;

    /// <inheritdoc/>
    public void Attend(
        in SelfAttentionCall call, in AttentionInputs inputs, TensorSpan<float> output, CancellationToken cancellationToken = default)
    {
        if (_policy.Covers(call.Step))
        {
            _dense ??= AttentionPlan.Dense(inputs.Shape) with { Grid = call.Grid, Scale = _context.Scale };
            _runner.Run(call, _dense, TimeSpan.Zero, holds: true, inputs, output, cancellationToken);
            return;
        }

        (AttentionPlan plan, TimeSpan planning) = Plan(call, inputs, cancellationToken);
        _runner.Run(call, plan, planning, holds: false, inputs, output, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _runner.Dispose();

    private (AttentionPlan Plan, TimeSpan Time) Plan(
        in SelfAttentionCall call, in AttentionInputs inputs, CancellationToken cancellationToken)
    {
        int layer = call.Step.Layer;
        if (_held.Remove(layer, out Held? held) && held.Serves(call) && held.Plan.Shape == inputs.Shape)
        {
            // Both branches have run it now.
            return (held.Plan, TimeSpan.Zero);
        }

        long start = Stopwatch.GetTimestamp();
        AttentionPlan plan = _method.Plan(inputs, _context with { Grid = call.Grid, Step = call.Step }, cancellationToken);
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        _held[layer] = new Held(plan, call.Step.Step, call.Branch);
        return (plan, time);
    }

    /// <summary>A plan that waits for the other branch. A second call of the branch that made it belongs to another generation.</summary>
    private sealed record Held(AttentionPlan Plan, int Step, GuidanceBranch Maker)
    {
        public bool Serves(in SelfAttentionCall call) => call.Step.Step == Step && call.Branch != Maker;
    }
}
