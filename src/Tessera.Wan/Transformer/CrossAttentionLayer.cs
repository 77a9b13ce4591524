using Tessera.Neural.Checkpoints;
using Tessera.Neural.Layers;
using Tessera.Neural.Products;
using Tessera.Wan.Checkpoints;

namespace Tessera.Wan.Transformer;

/// <summary>
/// The cross-attention of a layer up to the residual sum: <c>x += Wo attend(RMS(Wq y), RMS(Wk c), Wv c)</c>, c the embedded text. There is
/// no gate and no rotary embedding.
/// </summary>
internal sealed class CrossAttentionLayer
{
    private readonly WanTransformerConfig _config;
    private readonly Linear _query;
    private readonly Linear _key;
    private readonly Linear _value;
    private readonly Linear _output;
    private readonly RmsNorm _queryNorm;
    private readonly RmsNorm _keyNorm;

    public CrossAttentionLayer(Checkpoint weights, string name, WanTransformerConfig config, ProductPrecision precision)
    {
        _config = config;
        _query = WanLayers.Linear(weights, $"{name}.q", precision);
        _key = WanLayers.Linear(weights, $"{name}.k");
        _value = WanLayers.Linear(weights, $"{name}.v");
        _output = WanLayers.Linear(weights, $"{name}.o", precision);
        _queryNorm = new RmsNorm(weights[$"{name}.norm_q.weight"], config.Epsilon);
        _keyNorm = new RmsNorm(weights[$"{name}.norm_k.weight"], config.Epsilon);
    }

    /// <summary>Makes keys and values of a prompt for this layer.</summary>
    public void Encode(TransformerContext context, int layer, int threads)
    {
        Span<float> keys = context.MutableKeys(layer);
        _key.Forward(context.Embedding, context.Rows, keys, threads);
        _keyNorm.Forward(keys, keys, threads);
        _value.Forward(context.Embedding, context.Rows, context.MutableValues(layer), threads);
    }

    /// <summary>Attends from the normalised rows and adds the answer to the stream.</summary>
    public void Forward(in TransformerPass pass, int layer)
    {
        TransformerScratch scratch = pass.Scratch;
        Span<float> query = scratch.Query;
        Span<float> mixed = scratch.Mixed;
        int tokens = pass.Tokens;
        _query.Forward(scratch.Normalised, tokens, query, pass.Threads);
        pass.Clock.Linear();
        _queryNorm.Forward(query, query, pass.Threads);
        pass.Clock.Elementwise();
        pass.Observer?.Observe(TransformerStage.CrossAttentionQuery, layer, query);
        pass.CrossAttention.Forward(query, tokens, pass.Text, layer, scratch.Sums, mixed, pass.CancellationToken);
        pass.Clock.CrossAttention();
        pass.Observer?.Observe(TransformerStage.CrossAttention, layer, mixed);
        pass.ObserveOutput(TransformerStage.CrossAttentionOutput, layer, _output, mixed);
        _output.Forward(mixed, tokens, new Added<NoActivation>(scratch.Stream), scratch.Stream, pass.Threads);
        pass.Clock.Linear();
        pass.Observer?.Observe(TransformerStage.AfterCrossAttention, layer, scratch.Stream);
    }
}
