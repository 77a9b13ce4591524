using System.Numerics.Tensors;

namespace Tessera.Neural.Layers;

/// <summary>
/// The tanh form of GELU, <c>x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))</c> (Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016).
/// </summary>
/// <remarks>
/// Computed as <c>x sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3))</c>, which is the same and does not cancel for negative x. Backward, for
/// training to add: with u the argument of the sigmoid s, <c>dx = dy (s + x s (1 - s) u')</c>, <c>u' = 2 sqrt(2/pi) (1 + 0.134145
/// x^2)</c>.
/// </remarks>
public static class GeluTanh
{
    private const float Cubic = 0.044715f;

    // 2 sqrt(2 / pi).
    private const float Scale = 1.5957691216057308f;
    private const int Part = 512;

    /// <summary>Applies the function to each number.</summary>
    /// <param name="input">x.</param>
    /// <param name="output">As long as the input; may be the input.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Forward(ReadOnlySpan<float> input, Span<float> output)
    {
        if (input.Length != output.Length)
        {
            throw new ArgumentException($"The output has {output.Length} numbers; wanted {input.Length}.", nameof(output));
        }

        Span<float> gate = stackalloc float[Part];
        for (int start = 0; start < input.Length; start += Part)
        {
            ReadOnlySpan<float> x = input.Slice(start, Math.Min(Part, input.Length - start));
            Span<float> u = gate[..x.Length];
            TensorPrimitives.Multiply(x, x, u);
            TensorPrimitives.Multiply(u, Cubic, u);
            TensorPrimitives.Add(u, 1f, u);
            TensorPrimitives.Multiply(u, x, u);
            TensorPrimitives.Multiply(u, Scale, u);
            TensorPrimitives.Sigmoid(u, u);
            TensorPrimitives.Multiply(x, u, output.Slice(start, x.Length));
        }
    }
}
