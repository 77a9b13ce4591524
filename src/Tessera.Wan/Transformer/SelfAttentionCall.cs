using Tessera.Attention;
using Tessera.Layout;

namespace Tessera.Wan.Transformer;

/// <summary>Where one call of self-attention stands: an argument everywhere, never state on a layer.</summary>
/// <param name="Grid">Tokens of Q, K and V, frames x height x width.</param>
/// <param name="Step">Denoising step and layer.</param>
/// <param name="Branch">Pass of the guidance.</param>
public readonly record struct SelfAttentionCall(TokenGrid Grid, StepContext Step, GuidanceBranch Branch);
