using Tessera.Wan.Checkpoints;

namespace Tessera.Benchmarks.Wan;

/// <summary>Floating-point operations of one dense forward pass, two for each multiply-add.</summary>
internal static class ForwardFlops
{
    /// <summary>
    /// The count that other engines are judged by: every parameter for every token and both products of self-attention,
    /// <c>2 P L + 4 L^2 D layers</c>.
    /// </summary>
    public static double Nominal(WanTransformerConfig config, long parameters, int tokens) =>
        (2.0 * parameters * tokens) + SelfAttention(config, tokens);

    /// <summary>
    /// What is executed with prompts encoded beforehand: the matrices that see tokens, self-attention, and cross-attention over the text.
    /// Norms, activations and the embedded timestep, which is one row, are left out.
    /// </summary>
    public static double Executed(WanTransformerConfig config, int tokens, int textRows)
    {
        double dim = config.Dim;
        double layer = (4 * dim * dim) + (2 * dim * dim) + (2 * dim * config.FeedForwardDim);
        double ends = 2 * dim * config.Channels * WanTransformerConfig.PatchVolume;
        double crossAttention = 4.0 * tokens * textRows * dim * config.Layers;
        return (2 * tokens * ((layer * config.Layers) + ends)) + crossAttention + SelfAttention(config, tokens);
    }

    private static double SelfAttention(WanTransformerConfig config, int tokens) => 4.0 * tokens * tokens * config.Dim * config.Layers;
}
