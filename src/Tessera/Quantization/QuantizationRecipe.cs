namespace Tessera.Quantization;

/// <summary>
/// Number formats of the four operands of attention, with the exact transforms around them. Immutable; <c>KnownRecipes</c> holds the
/// published ones.
/// </summary>
public sealed record QuantizationRecipe
{
    /// <summary>Stable name for logs, tables and plan files.</summary>
    public required string Name { get; init; }

    /// <summary>Format of Q.</summary>
    public OperandFormat Query { get; init; } = OperandFormat.Float32;

    /// <summary>Format of K.</summary>
    public OperandFormat Key { get; init; } = OperandFormat.Float32;

    /// <summary>Format of P.</summary>
    public ProbabilityFormat Probability { get; init; } = ProbabilityFormat.Float32;

    /// <summary>Format of V.</summary>
    public OperandFormat Value { get; init; } = OperandFormat.Float32;

    /// <summary>
    /// Subtract the per-head channel mean of K over valid tokens first; the softmax does not change, the LSE is corrected (SageAttention).
    /// </summary>
    public bool SmoothKey { get; init; }

    /// <summary>
    /// Subtract the channel mean of Q per query block first and add the rank-1 term mean(Q) K^T back to the scores (SageAttention2).
    /// </summary>
    public bool SmoothQuery { get; init; }

    /// <summary>
    /// Subtract the channel mean of V first and add it back to O; needs <see cref="SoftmaxDenominator.Quantized"/> to be exact.
    /// </summary>
    public bool SmoothValue { get; init; }

    /// <summary>
    /// Apply one signed orthonormal Walsh-Hadamard transform to the channels of Q and K first; exact, since it is orthogonal
    /// (FlashAttention-3, arXiv 2407.08608).
    /// </summary>
    public bool Hadamard { get; init; }

    /// <summary>Whether every operand is binary32, so that nothing is lost.</summary>
    public bool IsExact =>
        Query.Format == NumberFormat.Float32
            && Key.Format == NumberFormat.Float32
            && Probability.Format == NumberFormat.Float32
            && Value.Format == NumberFormat.Float32;

    /// <inheritdoc/>
    public override string ToString() => Name;
}
