using System.Numerics.Tensors;
using Tessera.Serialization;

namespace Tessera.Neural.Layers;

/// <summary>
/// Root-mean-square normalisation of rows, <c>y = x / sqrt(mean(x^2) + eps) * w</c> (Zhang and Sennrich, "Root Mean Square Layer
/// Normalization", 2019). Immutable.
/// </summary>
/// <remarks>
/// Backward, for training to add: with r = 1 / sqrt(mean(x^2) + eps) and g = dy w, <c>dx = r (g - x r^2 mean(g x))</c> and <c>dw</c> = the
/// column sums of dy x r.
/// </remarks>
public sealed class RmsNorm
{
    private readonly float[] _weight;
    private readonly float _epsilon;

    /// <summary>Makes a layer.</summary>
    /// <param name="weight">w; its length is the width of a row.</param>
    /// <param name="epsilon">eps.</param>
    public RmsNorm(StoredTensor weight, float epsilon)
    {
        ArgumentNullException.ThrowIfNull(weight);
        _weight = weight.ReadSingle();
        _epsilon = epsilon;
    }

    /// <summary>Numbers of a row.</summary>
    public int Width => _weight.Length;

    /// <summary>Normalises rows.</summary>
    /// <param name="input">x [rows, width].</param>
    /// <param name="output">y [rows, width]; may be the input.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <exception cref="ArgumentException">The lengths differ or are no whole number of rows.</exception>
    public unsafe void Forward(ReadOnlySpan<float> input, Span<float> output, int threads = 0)
    {
        if (input.Length != output.Length || input.Length % Width != 0)
        {
            throw new ArgumentException($"{input.Length} and {output.Length} numbers are not equal rows of {Width}.", nameof(output));
        }

        fixed (float* x = input, w = _weight, y = output)
        {
            RowScheduler.Run(input.Length / Width, Width, new Job(x, w, y, Width, _epsilon), threads);
        }
    }

    private readonly unsafe struct Job(float* x, float* w, float* y, int width, float epsilon) : IRowJob
    {
        public void Execute(int first, int count)
        {
            ReadOnlySpan<float> weight = new(w, width);
            for (int row = first; row < first + count; row++)
            {
                ReadOnlySpan<float> source = new(x + ((long)row * width), width);
                Span<float> normalised = new(y + ((long)row * width), width);
                float scale = 1 / MathF.Sqrt((TensorPrimitives.SumOfSquares(source) / width) + epsilon);
                TensorPrimitives.Multiply(source, scale, normalised);
                TensorPrimitives.Multiply(normalised, weight, normalised);
            }
        }
    }
}
