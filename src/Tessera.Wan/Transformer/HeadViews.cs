using System.Numerics.Tensors;
using Tessera.Wan.Checkpoints;

namespace Tessera.Wan.Transformer;

/// <summary>Rows [tokens, heads x head dim] seen as attention wants them, [1, heads, tokens, head dim]; nothing is copied.</summary>
internal static class HeadViews
{
    /// <summary>A view to read.</summary>
    public static ReadOnlyTensorSpan<float> Of(ReadOnlySpan<float> rows, int tokens, WanTransformerConfig config) => new(
        rows, [1, config.Heads, tokens, config.HeadDim], [0, Stride(config.Heads, config.HeadDim), Stride(tokens, config.Dim), 1]);

    /// <summary>A view to write.</summary>
    public static TensorSpan<float> Of(Span<float> rows, int tokens, WanTransformerConfig config) => new(
        rows, [1, config.Heads, tokens, config.HeadDim], [0, Stride(config.Heads, config.HeadDim), Stride(tokens, config.Dim), 1]);

    /// <summary>An axis of length 1 must have stride 0.</summary>
    private static nint Stride(int length, int stride) => length == 1 ? 0 : stride;
}
