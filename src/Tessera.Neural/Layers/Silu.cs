using Tessera.Neural.Products;

namespace Tessera.Neural.Layers;

/// <summary>
/// The sigmoid linear unit, <c>y = x / (1 + exp(-x))</c> (Elfwing, Uchibe and Doya, "Sigmoid-Weighted Linear Units", 2018); a product does
/// the same to its sums with <see cref="SiluActivation"/>.
/// </summary>
/// <remarks>Backward, for training to add: with s = sigmoid(x), <c>dx = dy s (1 + x (1 - s))</c>.</remarks>
public static class Silu
{
    /// <summary>Applies the function to each number.</summary>
    /// <param name="input">x.</param>
    /// <param name="output">As long as the input; may be the input.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Forward(ReadOnlySpan<float> input, Span<float> output, int threads = 0) =>
        ActivationRows<SiluActivation>.Forward(input, output, threads);
}
