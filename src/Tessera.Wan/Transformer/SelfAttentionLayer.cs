using Tessera.Attention;
using Tessera.Neural.Checkpoints;
using Tessera.Neural.Layers;
using Tessera.Neural.Products;
using Tessera.Wan.Checkpoints;

namespace Tessera.Wan.Transformer;

/// <summary>
/// The self-attention of a layer up to the residual sum: <c>x += gate (Wo attend(RMS(Wq y), RMS(Wk y), Wv y))</c> with RMS over all heads
/// together and the rotary embedding left to the attention, which turns rows while it reads them.
/// </summary>
internal sealed class SelfAttentionLayer
{
    private readonly WanTransformerConfig _config;
    private readonly Linear _query;
    private readonly Linear _key;
    private readonly Linear _value;
    private readonly Linear _output;
    private readonly RmsNorm _queryNorm;
    private readonly RmsNorm _keyNorm;

    public SelfAttentionLayer(Checkpoint weights, string name, WanTransformerConfig config, ProductPrecision precision)
    {
        _config = config;
        _query = WanLayers.Linear(weights, $"{name}.q", precision);
        _key = WanLayers.Linear(weights, $"{name}.k", precision);
        _value = WanLayers.Linear(weights, $"{name}.v", precision);
        _output = WanLayers.Linear(weights, $"{name}.o", precision);
        _queryNorm = new RmsNorm(weights[$"{name}.norm_q.weight"], config.Epsilon);
        _keyNorm = new RmsNorm(weights[$"{name}.norm_k.weight"], config.Epsilon);
    }

    /// <summary>Attends to the normalised rows and adds the answer to the stream.</summary>
    public void Forward(in TransformerPass pass, int layer, ReadOnlySpan<float> gate)
    {
        TransformerScratch scratch = pass.Scratch;
        Span<float> query = scratch.Query;
        Span<float> key = scratch.Key;
        Span<float> value = scratch.Value;
        Span<float> mixed = scratch.Mixed;
        Span<float> normalised = scratch.Normalised;
        int tokens = pass.Tokens;
        _query.Forward(normalised, tokens, query, pass.Threads);
        _key.Forward(normalised, tokens, key, pass.Threads);
        _value.Forward(normalised, tokens, value, pass.Threads);
        pass.Clock.Linear();
        _queryNorm.Forward(query, query, pass.Threads);
        _keyNorm.Forward(key, key, pass.Threads);
        pass.Clock.Elementwise();
        if (pass.Observer is { } observer)
        {
            observer.Observe(TransformerStage.Query, layer, query);
            observer.Observe(TransformerStage.Key, layer, key);
            observer.Observe(TransformerStage.Value, layer, value);
        }

        AttentionInputs inputs = new AttentionInputs(
            HeadViews.Of((ReadOnlySpan<float>)query, tokens, _config), HeadViews.Of((ReadOnlySpan<float>)key, tokens, _config),
            HeadViews.Of((ReadOnlySpan<float>)value, tokens, _config)) with
        { Rotary = pass.Rotary };
        SelfAttentionCall call = new(pass.Grid, pass.Step with { Layer = layer, LayerCount = _config.Layers }, pass.Branch)
        {
            Order = pass.Order,
        };
        pass.Attention.Attend(call, inputs, HeadViews.Of(mixed, tokens, _config), pass.CancellationToken);
        pass.Clock.SelfAttention();
        pass.Observer?.Observe(TransformerStage.SelfAttention, layer, mixed);
        pass.ObserveOutput(TransformerStage.SelfAttentionOutput, layer, _output, mixed);
        _output.Forward(mixed, tokens, new GatedResidual(gate, scratch.Stream), scratch.Stream, pass.Threads);
        pass.Clock.Linear();
        pass.Observer?.Observe(TransformerStage.AfterSelfAttention, layer, scratch.Stream);
    }
}
