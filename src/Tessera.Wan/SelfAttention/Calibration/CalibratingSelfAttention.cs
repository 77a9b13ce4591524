using System.Globalization;
using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Wan.Transformer;

namespace Tessera.Wan.SelfAttention.Calibration;

/// <summary>
/// Dense self-attention that shows the Q and K of chosen steps to a calibration, both guidance branches, layers of the warm-up left out.
/// Maps are streamed as statistics of blocks and never stored. Not thread-safe.
/// </summary>
internal sealed class CalibratingSelfAttention(
    LayerCalibration calibration, CalibrationSettings settings, IReadOnlyList<int> steps, KernelSettings kernels) : ISelfAttention
{
    private readonly PlanRunner _runner = new(kernels, new SelfAttentionMeter());
    private readonly HashSet<int> _steps = [.. steps];
    private readonly AttentionPlan _dense = AttentionPlan.Dense(settings.Shape) with { Grid = settings.Grid };

    /// <summary>The prompt at work, from 0.</summary>
    public int Prompt { get; set; }

    public void Attend(
        in SelfAttentionCall call, in AttentionInputs inputs, TensorSpan<float> output, CancellationToken cancellationToken = default)
    {
        if (_steps.Contains(call.Step.Step) && call.Step.Layer >= settings.WarmUp.FirstLayers)
        {
            string observation = string.Create(
                CultureInfo.InvariantCulture,
                $"p{Prompt}s{call.Step.Step}{(call.Branch == GuidanceBranch.Conditional ? 'c' : 'u')}");
            calibration.Observe(call, observation, inputs, cancellationToken);
        }

        _runner.Run(call, _dense, TimeSpan.Zero, holds: true, inputs, output, cancellationToken);
    }

    public void Dispose() => _runner.Dispose();
}
