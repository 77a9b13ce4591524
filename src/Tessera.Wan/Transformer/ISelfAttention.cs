using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Layout;

namespace Tessera.Wan.Transformer;

/// <summary>
/// What runs the self-attention of the transformer: dense, by a schedule of plans, planned anew in each call, or watching another one
/// (capture, calibration, deviations). The transformer knows no method and no backend.
/// </summary>
public interface ISelfAttention : IDisposable
{
    /// <summary>
    /// The order in which tokens had best be kept throughout a generation, so that nothing is reordered in each call; null for the natural
    /// one. What wraps another self-attention and looks at tokens itself leaves it null, and everything inside gets natural order.
    /// </summary>
    /// <param name="grid">Tokens of the video.</param>
    TokenOrder? StorageOrder(TokenGrid grid) => null;

    /// <summary>Attends.</summary>
    /// <param name="call">Grid, step, layer and guidance branch.</param>
    /// <param name="inputs">
    /// Q and K after RMS norm and V, [1, H, L, D] in the order that the call states, any strides with contiguous channels;
    /// <see cref="AttentionInputs.Rotary"/> carries the rotary embedding, which is not applied yet.
    /// </param>
    /// <param name="output">[1, H, L, D] in the same order; overlaps no input.</param>
    /// <param name="cancellationToken">Polled between query blocks.</param>
    void Attend(
        in SelfAttentionCall call, in AttentionInputs inputs, TensorSpan<float> output, CancellationToken cancellationToken = default);
}
