using System.Numerics.Tensors;
using Tessera.Serialization;

namespace Tessera.Neural.Layers;

/// <summary>
/// Layer normalisation of rows, <c>y = (x - mean(x)) / sqrt(var(x) + eps) * g + b</c> with the biased variance (Ba, Kiros and Hinton,
/// "Layer Normalization", 2016). As an object, g and b are weights; <see cref="Apply"/> takes them from the caller, which is how diffusion
/// transformers modulate: <c>g = 1 + scale</c>, <c>b = shift</c> (Peebles and Xie, arXiv 2212.09748, adaLN). Immutable.
/// </summary>
/// <remarks>
/// The mean is taken off before squares are summed, so rows far from zero lose nothing. Backward, for training to add: with n the
/// normalised row, r = 1 / sqrt(var + eps) and h = dy g, <c>dx = r (h - mean(h) - n mean(h n))</c>, <c>dg</c> = the column sums of dy n,
/// <c>db</c> = those of dy.
/// </remarks>
public sealed class LayerNorm
{
    private readonly float[] _weight;
    private readonly float[] _bias;
    private readonly float _epsilon;

    /// <summary>Makes a layer with weights.</summary>
    /// <param name="weight">g; its length is the width of a row.</param>
    /// <param name="bias">b, as long.</param>
    /// <param name="epsilon">eps.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public LayerNorm(StoredTensor weight, StoredTensor bias, float epsilon)
    {
        ArgumentNullException.ThrowIfNull(weight);
        ArgumentNullException.ThrowIfNull(bias);
        _weight = weight.ReadSingle();
        _bias = bias.ReadSingle();
        _epsilon = epsilon;
        if (_weight.Length != _bias.Length)
        {
            throw new ArgumentException($"The bias {bias} does not fit the weight {weight}; wanted equal lengths.", nameof(bias));
        }
    }

    /// <summary>Numbers of a row.</summary>
    public int Width => _weight.Length;

    /// <summary>Normalises rows with the weights of the layer.</summary>
    /// <param name="input">x [rows, width].</param>
    /// <param name="output">y [rows, width]; may be the input.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <exception cref="ArgumentException">The lengths differ or are no whole number of rows.</exception>
    public void Forward(ReadOnlySpan<float> input, Span<float> output, int threads = 0) =>
        Apply(input, _weight, _bias, _epsilon, output, threads);

    /// <summary>Normalises rows with factors and offsets of the caller.</summary>
    /// <param name="input">x [rows, width].</param>
    /// <param name="gain">g [width]; for modulation 1 + scale.</param>
    /// <param name="offset">b [width]; for modulation shift.</param>
    /// <param name="epsilon">eps.</param>
    /// <param name="output">y [rows, width]; may be the input.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <exception cref="ArgumentException">The lengths differ or are no whole number of rows.</exception>
    public static unsafe void Apply(
        ReadOnlySpan<float> input, ReadOnlySpan<float> gain, ReadOnlySpan<float> offset, float epsilon, Span<float> output, int threads = 0)
    {
        int width = gain.Length;
        if (width == 0 || offset.Length != width || input.Length != output.Length || input.Length % width != 0)
        {
            throw new ArgumentException(
                $"{input.Length} and {output.Length} numbers are not equal rows of {width} factors and {offset.Length} offsets.",
                nameof(output));
        }

        fixed (float* x = input, g = gain, b = offset, y = output)
        {
            RowScheduler.Run(input.Length / width, width, new Job(x, g, b, y, width, epsilon), threads);
        }
    }

    private readonly unsafe struct Job(float* x, float* g, float* b, float* y, int width, float epsilon) : IRowJob
    {
        public void Execute(int first, int count)
        {
            ReadOnlySpan<float> gain = new(g, width);
            ReadOnlySpan<float> offset = new(b, width);
            for (int row = first; row < first + count; row++)
            {
                // Passes over a row that stays in the first-level cache.
                ReadOnlySpan<float> source = new(x + ((long)row * width), width);
                Span<float> normalised = new(y + ((long)row * width), width);
                TensorPrimitives.Subtract(source, TensorPrimitives.Sum(source) / width, normalised);
                float variance = TensorPrimitives.SumOfSquares<float>(normalised) / width;
                TensorPrimitives.Multiply(normalised, 1 / MathF.Sqrt(variance + epsilon), normalised);
                TensorPrimitives.MultiplyAdd(normalised, gain, offset, normalised);
            }
        }
    }
}
