namespace Tessera.Quantization;

/// <summary>Which elements share one scale. Absolute maxima are taken over valid tokens only, never over padding.</summary>
public enum QuantizationGranularity
{
    /// <summary>One scale for the whole tensor.</summary>
    PerTensor = 0,

    /// <summary>One scale per (batch, head).</summary>
    PerHead,

    /// <summary>One scale per token row.</summary>
    PerToken,

    /// <summary>One scale per run of <see cref="OperandFormat.Group"/> consecutive slots (64 rows of K, 32 rows of a warp).</summary>
    PerBlock,

    /// <summary>
    /// One scale per 3D tile <see cref="OperandFormat.Tile"/> of the grid (FPSAttention); text tokens form one tile of their own.
    /// </summary>
    PerTile,

    /// <summary>
    /// One scale per channel over all tokens, or per run of <see cref="OperandFormat.Group"/> consecutive slots when that is positive (V).
    /// </summary>
    PerChannel,

    /// <summary>
    /// SageAttention2's per-thread groups: rows of a run of <see cref="OperandFormat.Group"/> slots with equal row modulo 8 (queries) or
    /// equal floor((row modulo 8) / 2) (keys).
    /// </summary>
    PerThread,
}
