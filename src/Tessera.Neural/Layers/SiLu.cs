using System.Numerics.Tensors;

namespace Tessera.Neural.Layers;

/// <summary>
/// The sigmoid linear unit, <c>y = x / (1 + exp(-x))</c> (Elfwing, Uchibe and Doya, "Sigmoid-Weighted Linear Units", 2018).
/// </summary>
/// <remarks>Backward, for training to add: with s = sigmoid(x), <c>dx = dy s (1 + x (1 - s))</c>.</remarks>
public static class SiLu
{
    private const int Part = 1024;

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

        Span<float> gates = stackalloc float[Part];
        for (int start = 0; start < input.Length; start += Part)
        {
            ReadOnlySpan<float> x = input.Slice(start, Math.Min(Part, input.Length - start));
            Span<float> gate = gates[..x.Length];
            TensorPrimitives.Sigmoid(x, gate);
            TensorPrimitives.Multiply(x, gate, output.Slice(start, x.Length));
        }
    }
}
