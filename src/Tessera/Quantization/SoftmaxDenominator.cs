namespace Tessera.Quantization;

/// <summary>What the softmax denominator sums.</summary>
public enum SoftmaxDenominator
{
    /// <summary>The numerators before quantisation.</summary>
    Exact = 0,

    /// <summary>The quantised numerators, so that the weights sum to exactly one.</summary>
    Quantized,
}
