using Tessera.Neural.Checkpoints;
using Tessera.Neural.Layers;
using Tessera.Neural.Products;
using Tessera.Wan.Checkpoints;

namespace Tessera.Wan.Transformer;

/// <summary>
/// The feed-forward layer up to the residual sum, <c>x += gate (W2 GELU(W1 y + b1) + b2)</c>, in runs of rows whose hidden values fit the
/// memory that Q, K, V and the answer of the heads no longer need.
/// </summary>
internal sealed class FeedForwardLayer
{
    private readonly WanTransformerConfig _config;
    private readonly Linear _up;
    private readonly Linear _down;

    public FeedForwardLayer(Checkpoint weights, string name, WanTransformerConfig config, ProductPrecision precision)
    {
        _config = config;
        _up = WanLayers.Linear(weights, $"{name}.0", precision);
        _down = WanLayers.Linear(weights, $"{name}.2", precision);
    }

    /// <summary>Applies the layer to the normalised rows and adds the answer to the stream.</summary>
    public void Forward(in TransformerPass pass, int layer, ReadOnlySpan<float> gate)
    {
        ReadOnlySpan<float> normalised = pass.Scratch.Normalised;
        Span<float> stream = pass.Scratch.Stream;
        Span<float> work = pass.Scratch.Work;
        int dim = _config.Dim;
        int hiddenDim = _config.FeedForwardDim;
        int most = Math.Max(1, work.Length / hiddenDim);
        int runs = (pass.Tokens + most - 1) / most;
        int rows = (pass.Tokens + runs - 1) / runs;
        float[] seen = pass.Observer is null ? [] : new float[stream.Length];
        for (int first = 0; first < pass.Tokens; first += rows)
        {
            pass.CancellationToken.ThrowIfCancellationRequested();
            int count = Math.Min(rows, pass.Tokens - first);
            Span<float> hidden = work[..(count * hiddenDim)];
            _up.Forward(
                normalised.Slice(first * dim, count * dim), count, default(Activated<GeluTanhActivation>), hidden, pass.Threads);
            if (pass.Observer is not null)
            {
                _down.Forward(hidden, count, seen.AsSpan(first * dim, count * dim), pass.Threads);
            }

            Span<float> part = stream.Slice(first * dim, count * dim);
            _down.Forward(hidden, count, new GatedResidual(gate, part), part, pass.Threads);
        }

        pass.Clock.Linear();
        pass.Observer?.Observe(TransformerStage.FeedForwardOutput, layer, seen);
    }
}
