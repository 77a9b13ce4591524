using Tessera.Neural.Checkpoints;
using Tessera.Neural.Layers;
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

    public FeedForwardLayer(Checkpoint weights, string name, WanTransformerConfig config)
    {
        _config = config;
        _up = WanLayers.Linear(weights, $"{name}.0");
        _down = WanLayers.Linear(weights, $"{name}.2");
    }

    /// <summary>Applies the layer to the normalised rows and adds the answer to the stream; the normalised rows are used up.</summary>
    public void Forward(in TransformerPass pass, int layer, ReadOnlySpan<float> gate)
    {
        Span<float> normalised = pass.Scratch.Normalised;
        Span<float> work = pass.Scratch.Work;
        int dim = _config.Dim;
        int hiddenDim = _config.FeedForwardDim;
        int most = Math.Max(1, work.Length / hiddenDim);
        int runs = (pass.Tokens + most - 1) / most;
        int rows = (pass.Tokens + runs - 1) / runs;
        for (int first = 0; first < pass.Tokens; first += rows)
        {
            pass.CancellationToken.ThrowIfCancellationRequested();
            int count = Math.Min(rows, pass.Tokens - first);
            Span<float> part = normalised.Slice(first * dim, count * dim);
            Span<float> hidden = work[..(count * hiddenDim)];
            _up.Forward(part, count, hidden, pass.Threads);
            pass.Clock.Linear();
            GeluTanh.Forward(hidden, hidden, pass.Threads);
            pass.Clock.Elementwise();
            _down.Forward(hidden, count, part, pass.Threads);
            pass.Clock.Linear();
        }

        pass.Observer?.Observe(TransformerStage.FeedForwardOutput, layer, normalised);
        GatedResidual.Add(pass.Scratch.Stream, normalised, gate, dim, pass.Threads);
        pass.Clock.Elementwise();
    }
}
