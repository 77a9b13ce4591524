namespace Tessera.Wan.Transformer;

/// <summary>
/// Sees what passes through the transformer, to compare it with recorded values or to store it. It changes nothing, and a forward without
/// an observer does no work for it; with one, outputs that are otherwise added to the residual stream unseen are computed once more.
/// </summary>
public interface ITransformerObserver
{
    /// <summary>Shows the values of a stage.</summary>
    /// <param name="stage">Where.</param>
    /// <param name="layer">Transformer layer, or -1 for stages outside the layers.</param>
    /// <param name="values">Row-major values; tokens stand in natural order, or in the <see cref="ISelfAttention.StorageOrder"/>
    /// that the attention asked for. Valid during the call only.</param>
    void Observe(TransformerStage stage, int layer, ReadOnlySpan<float> values);
}
