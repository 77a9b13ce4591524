using System.Numerics.Tensors;
using Tessera.Neural.Checkpoints;
using Tessera.Neural.Layers;
using Tessera.Wan.Checkpoints;

namespace Tessera.Wan.Transformer;

/// <summary>
/// From the residual stream to patches of the velocity: <c>W (LN(x) (1 + scale) + shift) + b</c>, shift and scale the head's own two rows
/// plus the time embedding e itself, not its projection.
/// </summary>
internal sealed class TransformerHead
{
    private readonly WanTransformerConfig _config;
    private readonly float[] _modulation;
    private readonly Linear _output;

    public TransformerHead(Checkpoint weights, WanTransformerConfig config)
    {
        _config = config;
        _modulation = weights["head.modulation"].ReadSingle();
        _output = WanLayers.Linear(weights, "head.head");
    }

    /// <summary>Numbers of a patch.</summary>
    public int PatchVolume => _output.Outputs;

    /// <summary>Makes patches of the stream.</summary>
    /// <param name="pass">Stream and memory.</param>
    /// <param name="time">e, [dim].</param>
    /// <returns>[tokens, patch volume], in <see cref="TransformerScratch.Work"/>.</returns>
    public Span<float> Forward(in TransformerPass pass, ReadOnlySpan<float> time)
    {
        int dim = _config.Dim;
        Span<float> shift = pass.Scratch.Modulation[..dim];
        Span<float> gain = pass.Scratch.Modulation.Slice(dim, dim);
        TensorPrimitives.Add(_modulation.AsSpan(0, dim), time, shift);
        TensorPrimitives.Add(_modulation.AsSpan(dim, dim), time, gain);
        TensorPrimitives.Add(gain, 1f, gain);
        LayerNorm.Apply(pass.Scratch.Stream, gain, shift, _config.Epsilon, pass.Scratch.Normalised, pass.Threads);
        pass.Clock.Elementwise();
        Span<float> patches = pass.Scratch.Work[..(pass.Tokens * PatchVolume)];
        _output.Forward(pass.Scratch.Normalised, pass.Tokens, patches, pass.Threads);
        pass.Clock.Linear();
        pass.Observer?.Observe(TransformerStage.Head, -1, patches);
        return patches;
    }
}
