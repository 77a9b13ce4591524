using System.Numerics.Tensors;
using Tessera.Neural.Checkpoints;
using Tessera.Neural.Layers;
using Tessera.Neural.Products;
using Tessera.Wan.Checkpoints;

namespace Tessera.Wan.Transformer;

/// <summary>
/// One layer of the transformer: self-attention, cross-attention and feed-forward layer, each of the normalised stream. With m the layer's
/// modulation plus that of the time, rows shift, scale and gate of the self-attention and of the feed-forward layer, the first and last
/// read <c>LN(x) (1 + scale) + shift</c> and the cross-attention reads an affine LN.
/// </summary>
internal sealed class TransformerBlock
{
    private readonly WanTransformerConfig _config;
    private readonly float[] _modulation;
    private readonly SelfAttentionLayer _selfAttention;
    private readonly LayerNorm _crossNorm;
    private readonly CrossAttentionLayer _crossAttention;
    private readonly FeedForwardLayer _feedForward;

    public TransformerBlock(Checkpoint weights, int index, WanTransformerConfig config, ProductPrecision precision)
    {
        string name = $"blocks.{index}";
        _config = config;
        _modulation = weights[$"{name}.modulation"].ReadSingle();
        _selfAttention = new SelfAttentionLayer(weights, $"{name}.self_attn", config, precision);
        _crossNorm = new LayerNorm(weights[$"{name}.norm3.weight"], weights[$"{name}.norm3.bias"], config.Epsilon);
        _crossAttention = new CrossAttentionLayer(weights, $"{name}.cross_attn", config, precision);
        _feedForward = new FeedForwardLayer(weights, $"{name}.ffn", config, precision);
    }

    /// <summary>Makes keys and values of a prompt for this layer.</summary>
    public void Encode(TransformerContext context, int layer, int threads) => _crossAttention.Encode(context, layer, threads);

    /// <summary>Replaces the stream by what the layer makes of it.</summary>
    public void Forward(in TransformerPass pass, int layer)
    {
        TransformerScratch scratch = pass.Scratch;
        Span<float> modulation = scratch.Modulation;
        TensorPrimitives.Add(_modulation, pass.TimeProjection, modulation);
        pass.Observer?.Observe(TransformerStage.Modulation, layer, modulation);
        ToGain(Row(modulation, 1));
        ToGain(Row(modulation, 4));
        Normalise(pass, Row(modulation, 0), Row(modulation, 1));
        pass.Observer?.Observe(TransformerStage.SelfAttentionInput, layer, scratch.Normalised);
        _selfAttention.Forward(pass, layer, Row(modulation, 2));
        pass.CancellationToken.ThrowIfCancellationRequested();
        _crossNorm.Forward(scratch.Stream, scratch.Normalised, pass.Threads);
        pass.Clock.Elementwise();
        pass.Observer?.Observe(TransformerStage.CrossAttentionInput, layer, scratch.Normalised);
        _crossAttention.Forward(pass, layer);
        Normalise(pass, Row(modulation, 3), Row(modulation, 4));
        pass.Observer?.Observe(TransformerStage.FeedForwardInput, layer, scratch.Normalised);
        _feedForward.Forward(pass, layer, Row(modulation, 5));
        pass.Observer?.Observe(TransformerStage.Block, layer, scratch.Stream);
    }

    /// <summary>Scales become the factors 1 + scale that norms multiply by.</summary>
    private static void ToGain(Span<float> scale) => TensorPrimitives.Add(scale, 1f, scale);

    private Span<float> Row(Span<float> modulation, int index) => modulation.Slice(index * _config.Dim, _config.Dim);

    private void Normalise(in TransformerPass pass, ReadOnlySpan<float> shift, ReadOnlySpan<float> gain)
    {
        LayerNorm.Apply(pass.Scratch.Stream, gain, shift, _config.Epsilon, pass.Scratch.Normalised, pass.Threads);
        pass.Clock.Elementwise();
    }
}
