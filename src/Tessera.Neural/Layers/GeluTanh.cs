using Tessera.Neural.Products;

namespace Tessera.Neural.Layers;

/// <summary>
/// The tanh form of GELU, <c>x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))</c> (Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016).
/// </summary>
/// <remarks>
/// Computed as <c>x sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3))</c>, which is the same and does not cancel for negative x; a product does the
/// same to its sums with <see cref="GeluTanhActivation"/>. Backward, for training to add: with u the argument of the sigmoid s, <c>dx = dy
/// (s + x s (1 - s) u')</c>, <c>u' = 2 sqrt(2/pi) (1 + 0.134145 x^2)</c>.
/// </remarks>
public static class GeluTanh
{
    /// <summary>Applies the function to each number.</summary>
    /// <param name="input">x.</param>
    /// <param name="output">As long as the input; may be the input.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Forward(ReadOnlySpan<float> input, Span<float> output, int threads = 0) =>
        ActivationRows<GeluTanhActivation>.Forward(input, output, threads);
}
