namespace Tessera.Quantization;

/// <summary>The maximum against which the exponent of P is taken, which decides how much of the code range a row uses.</summary>
public enum ProbabilityReference
{
    /// <summary>The running row maximum of the online softmax, as FlashAttention and the released PARO kernel do.</summary>
    RunningMaximum = 0,

    /// <summary>The row maximum within the current tile: every row of every tile uses the whole code range.</summary>
    TileRowMaximum,

    /// <summary>The maximum over the current tile: one dynamic scale per tile, PAROAttention's wording taken literally.</summary>
    TileMaximum,
}
