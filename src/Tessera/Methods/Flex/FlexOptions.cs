using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;

namespace Tessera.Methods.Flex;

/// <summary>Everything beside the functors of a FlexAttention plan.</summary>
public sealed record FlexOptions
{
    /// <summary>Name of the plan; null names it after the functors.</summary>
    public string? Name { get; init; }

    /// <summary>Tokens per block (<c>BLOCK_SIZE</c>).</summary>
    public BlockSize BlockSize { get; init; } = BlockSize.Default;

    /// <summary>
    /// Whether the mask looks at the head (<c>H</c> given to <c>create_block_mask</c>): then each head gets lists of its own.
    /// </summary>
    public bool PerHead { get; init; }

    /// <summary>
    /// Whether the mask looks at the batch (<c>B</c> given to <c>create_block_mask</c>). Lists are shared by the batch, so blocks that
    /// differ between batches become partial.
    /// </summary>
    public bool PerBatch { get; init; }

    /// <summary>Storage order of queries and keys; functors go on seeing natural tokens. Null for natural order.</summary>
    public TokenOrder? Order { get; init; }

    /// <summary>Grid of the tokens, where there is one.</summary>
    public TokenGrid? Grid { get; init; }

    /// <summary>Number formats.</summary>
    public QuantizationRecipe Recipe { get; init; } = KnownRecipes.Float32;

    /// <summary>Factor of the scores (<c>scale</c>); null means 1 / sqrt(HeadDim).</summary>
    public double? Scale { get; init; }
}
