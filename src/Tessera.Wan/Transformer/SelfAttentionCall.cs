using Tessera.Attention;
using Tessera.Layout;

namespace Tessera.Wan.Transformer;

/// <summary>Where one call of self-attention stands: an argument everywhere, never state on a layer.</summary>
/// <param name="Grid">Tokens of Q, K and V, frames x height x width.</param>
/// <param name="Step">Denoising step and layer.</param>
/// <param name="Branch">Pass of the guidance.</param>
public readonly record struct SelfAttentionCall(TokenGrid Grid, StepContext Step, GuidanceBranch Branch)
{
    /// <summary>
    /// What <see cref="ISelfAttention.StorageOrder"/> asked for: row s of Q, K, V and output is token <c>Order.TokenAt(s)</c>. Null for
    /// natural order, always so for those who did not ask.
    /// </summary>
    public TokenOrder? Order { get; init; }
}
