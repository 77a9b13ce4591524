namespace Tessera.Neural.Products;

/// <summary>What the operands of a product are rounded to. Sums are binary32 in any case.</summary>
public enum ProductPrecision
{
    /// <summary>Not rounded: binary32 activations, weights of any stored type widened.</summary>
    Float32 = 0,

    /// <summary>
    /// Both operands rounded to bfloat16, to nearest even: what frameworks do on GPUs under automatic mixed precision. 1.7 to 1.9 times as
    /// fast on processors with AVX512-BF16, where denormal operands and sums count as zero; elsewhere the same meaning at the speed of
    /// binary32.
    /// </summary>
    BFloat16,
}
