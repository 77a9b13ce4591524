using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Fidelity;
using Tessera.Neural.Layers;
using Tessera.Wan.Transformer;

namespace Tessera.Wan.SelfAttention;

/// <summary>
/// Runs dense float32 attention beside another self-attention on the same inputs and sums up how far the answers are apart, per layer,
/// head and step. The other's answer is what the transformer goes on with. Disposes the other. Not thread-safe.
/// </summary>
/// <remarks>
/// Costs a dense attention per compared call and one output of memory, 4 H L D bytes. Calls of the warm-up are dense anyway and left out.
/// </remarks>
public sealed class DeviationSelfAttention : ISelfAttention
{
    private readonly ISelfAttention _inner;
    private readonly DensePolicy _policy;
    private readonly PlanRunner _runner;
    private readonly ActivationArena _arena = new();
    private readonly SortedDictionary<int, LayerSums> _layers = [];
    private readonly SortedDictionary<int, (int Calls, AttentionErrorSums Sums)> _steps = [];
    private AttentionPlan? _dense;

    /// <summary>Starts to compare.</summary>
    /// <param name="inner">What attends.</param>
    /// <param name="policy">Calls that <paramref name="inner"/> runs dense; they are not compared.</param>
    /// <param name="settings">What runs dense attention.</param>
    public DeviationSelfAttention(ISelfAttention inner, DensePolicy policy, KernelSettings settings)
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentNullException.ThrowIfNull(settings);
        _inner = inner;
        _policy = policy;
        _runner = new PlanRunner(settings, new SelfAttentionMeter());
    }

    /// <summary>Time of the dense attention that was run for comparison.</summary>
    public TimeSpan ComparisonTime => _runner.Meter.Total.Total;

    /// <inheritdoc/>
    public void Attend(
        in SelfAttentionCall call, in AttentionInputs inputs, TensorSpan<float> output, CancellationToken cancellationToken = default)
    {
        _inner.Attend(call, inputs, output, cancellationToken);
        if (_policy.Covers(call.Step))
        {
            return;
        }

        AttentionShape shape = inputs.Shape;
        if (_dense?.Shape != shape)
        {
            _dense = AttentionPlan.Dense(shape);
        }

        int count = checked(shape.Heads * shape.QueryLength * shape.HeadDim);
        _arena.Reset(ActivationArena.Rounded(count));
        ActivationBlock reference = _arena.Take(count);
        _runner.Run(
            call, _dense, TimeSpan.Zero, holds: true, inputs,
            new TensorSpan<float>(reference.Span, [1, shape.Heads, shape.QueryLength, shape.HeadDim]), cancellationToken);
        Add(call, Compare(reference, output, shape));
    }

    /// <summary>What has been compared so far.</summary>
    public DeviationReport Report()
    {
        AttentionErrorSums total = default;
        foreach (LayerSums layer in _layers.Values)
        {
            total.Add(layer.All());
        }

        return new DeviationReport(
            [.. _layers.Select(static pair => pair.Value.Report(pair.Key))],
            [.. _steps.Select(static pair => new StepDeviation(pair.Key, pair.Value.Calls, pair.Value.Sums.Finish()))],
            total.Finish());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _runner.Dispose();
        _arena.Dispose();
        _inner.Dispose();
    }

    private static unsafe AttentionErrorSums[] Compare(ActivationBlock reference, TensorSpan<float> output, AttentionShape shape)
    {
        AttentionErrorSums[] heads = new AttentionErrorSums[shape.Heads];
        nint headStride = output.Strides[1];
        nint tokenStride = output.Strides[2];
        fixed (float* pinned = &output.GetPinnableReference())
        {
            float* actual = pinned;
            Parallel.For(0, shape.Heads, head =>
            {
                ReadOnlySpan<float> own = reference.Span.Slice(head * shape.QueryLength * shape.HeadDim, shape.QueryLength * shape.HeadDim);
                AttentionErrorSums sums = default;
                for (int token = 0; token < shape.QueryLength; token++)
                {
                    sums.Add(
                        own.Slice(token * shape.HeadDim, shape.HeadDim),
                        new ReadOnlySpan<float>(actual + (head * headStride) + (token * tokenStride), shape.HeadDim));
                }

                heads[head] = sums;
            });
        }

        return heads;
    }

    private void Add(in SelfAttentionCall call, AttentionErrorSums[] heads)
    {
        if (!_layers.TryGetValue(call.Step.Layer, out LayerSums? layer))
        {
            _layers.Add(call.Step.Layer, layer = new LayerSums(heads.Length));
        }

        layer.Add(heads);
        (int calls, AttentionErrorSums step) = _steps.GetValueOrDefault(call.Step.Step);
        foreach (AttentionErrorSums head in heads)
        {
            step.Add(head);
        }

        _steps[call.Step.Step] = (calls + 1, step);
    }

    private sealed class LayerSums(int heads)
    {
        private readonly AttentionErrorSums[] _heads = new AttentionErrorSums[heads];
        private int _calls;

        public void Add(AttentionErrorSums[] call)
        {
            _calls++;
            for (int head = 0; head < _heads.Length; head++)
            {
                _heads[head].Add(call[head]);
            }
        }

        public AttentionErrorSums All()
        {
            AttentionErrorSums all = default;
            foreach (AttentionErrorSums head in _heads)
            {
                all.Add(head);
            }

            return all;
        }

        public LayerDeviation Report(int layer)
        {
            AttentionError[] errors = [.. _heads.Select(static head => head.Finish())];
            int worst = Enumerable.Range(0, errors.Length).MaxBy(head => errors[head].RelativeL2);
            return new LayerDeviation(layer, _calls, All().Finish(), worst, errors[worst]);
        }
    }
}
