using System.Diagnostics;
using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Methods.Paro;
using Tessera.Wan.Transformer;

namespace Tessera.Wan.SelfAttention;

/// <summary>
/// PAROAttention without a stored plan: the warm-up of the generation itself runs dense, its last step calibrates every layer on the Q and
/// K of the first guidance branch, and the remaining steps run those plans, one per layer. Not thread-safe.
/// </summary>
/// <remarks>
/// The paper calibrates offline, over prompts and with a mask per step of the first half; this sees one prompt at one noise level and is
/// for trying a density without preparations. Cost: (1 + 6) / 2 of a dense attention a layer, once; memory 4 bytes x heads x blocks x 6
/// while a layer is judged, 75 MB at 12 heads of 512 x 512 blocks.
/// </remarks>
public sealed class SelfCalibratingAttention : ISelfAttention
{
    private readonly ParoWarmUp _warmUp;
    private readonly PlanRunner _runner;
    private readonly AttentionPlan?[] _plans;
    private readonly float[]?[] _keptMass;
    private AttentionPlan? _dense;

    /// <summary>Starts, or goes on with the plans of an interrupted run.</summary>
    /// <param name="warmUp">Settings.</param>
    /// <param name="settings">What runs the plans.</param>
    /// <param name="meter">Receives counts and times; null for none of your own.</param>
    /// <exception cref="ArgumentException">The warm-up has no step to calibrate on.</exception>
    public SelfCalibratingAttention(ParoWarmUp warmUp, KernelSettings settings, SelfAttentionMeter? meter = null)
    {
        ArgumentNullException.ThrowIfNull(warmUp);
        ArgumentNullException.ThrowIfNull(settings);
        if (warmUp.Policy.FirstSteps < 1)
        {
            throw new ArgumentException(
                "PARO without a plan file calibrates on the last dense step, but no step is dense; keep at least one, or make a plan with "
                    + "'tessera plan calibrate'.",
                nameof(warmUp));
        }

        _warmUp = warmUp;
        _runner = new PlanRunner(settings, meter ?? new SelfAttentionMeter());
        _keptMass = new float[]?[warmUp.Layers];
        Schedule = warmUp.Load();
        _plans = Schedule is null ? new AttentionPlan?[warmUp.Layers] : warmUp.ByLayer(Schedule);
    }

    /// <summary>Whether every layer that will run sparse has its plan.</summary>
    public bool IsCalibrated => _plans.AsSpan(Math.Min(_warmUp.Policy.FirstLayers, _plans.Length)).IndexOf((AttentionPlan?)null) < 0;

    /// <summary>The plans as a schedule, once all layers have theirs; null before.</summary>
    public PlanSchedule? Schedule { get; private set; }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">A sparse step came up before its layer was calibrated.</exception>
    public void Attend(
        in SelfAttentionCall call, in AttentionInputs inputs, TensorSpan<float> output, CancellationToken cancellationToken = default)
    {
        int layer = call.Step.Layer;
        if (!_warmUp.Policy.Covers(call.Step))
        {
            AttentionPlan plan = _plans[layer] ?? throw new InvalidOperationException(
                $"Step {call.Step.Step} runs PARO, but layer {layer} was not calibrated at step {_warmUp.CalibrationStep}; start the "
                    + "generation from its beginning.");
            _runner.Run(call, plan, TimeSpan.Zero, holds: true, inputs, output, cancellationToken);
            return;
        }

        _dense ??= AttentionPlan.Dense(inputs.Shape) with { Grid = call.Grid, Scale = _warmUp.Context.Scale };
        TimeSpan planning = TimeSpan.Zero;
        if (call.Step.Step == _warmUp.CalibrationStep && layer >= _warmUp.Policy.FirstLayers && _plans[layer] is null)
        {
            planning = Calibrate(call, inputs, cancellationToken);
        }

        _runner.Run(call, _dense, planning, holds: true, inputs, output, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _runner.Dispose();

    private TimeSpan Calibrate(in SelfAttentionCall call, in AttentionInputs inputs, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        ParoMethod method = new(_warmUp.Reader, _warmUp.Options);
        ParoCalibration found = method.Calibrate(inputs, _warmUp.Context with { Grid = call.Grid, Step = call.Step }, cancellationToken);
        _plans[call.Step.Layer] = found.Plans[0];
        _keptMass[call.Step.Layer] = [.. found.Report.Heads.Select(static head => (float)head.KeptMass)];
        if (IsCalibrated)
        {
            Finish();
        }

        return Stopwatch.GetElapsedTime(start);
    }

    private void Finish()
    {
        // Layers of the warm-up never run a plan; the dense one stands in their column.
        AttentionPlan[] row = [.. _plans.Select(plan => plan ?? _dense!)];
        Schedule = PlanSchedule.ByStepsAndLayers($"{row[^1].Name}-in-run", [row]).WithDense(_dense!, _warmUp.Policy);
        float[][] kept =
        [
            .. Schedule.Plans.Select(plan => Array.IndexOf(_plans, plan) is var layer and >= 0 && _keptMass[layer] is { } mass
                ? mass
                : [.. Enumerable.Repeat(1f, plan.Shape.Heads)]),
        ];
        _warmUp.Save(Schedule, [.. kept.SelectMany(static mass => mass)]);
    }
}
