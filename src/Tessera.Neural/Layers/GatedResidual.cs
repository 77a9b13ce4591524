using System.Numerics.Tensors;

namespace Tessera.Neural.Layers;

/// <summary>
/// Adds the output of a layer to the residual stream, <c>x += g y</c> with a factor for each channel, or <c>x += y</c> without (Peebles and
/// Xie, arXiv 2212.09748, adaLN-Zero).
/// </summary>
/// <remarks>Backward, for training to add: <c>dy = dx g</c>, <c>dg</c> = the column sums of dx y; dx passes on.</remarks>
public static unsafe class GatedResidual
{
    /// <summary>Adds rows.</summary>
    /// <param name="stream">x [rows, width], changed in place.</param>
    /// <param name="update">y [rows, width].</param>
    /// <param name="gate">g [width], or empty for none.</param>
    /// <param name="width">Numbers of a row.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <exception cref="ArgumentException">The lengths differ or are no whole number of rows.</exception>
    public static void Add(Span<float> stream, ReadOnlySpan<float> update, ReadOnlySpan<float> gate, int width, int threads = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        if (stream.Length != update.Length || stream.Length % width != 0 || (gate.Length != 0 && gate.Length != width))
        {
            throw new ArgumentException(
                $"{stream.Length} and {update.Length} numbers with {gate.Length} factors are not equal rows of {width}.", nameof(update));
        }

        fixed (float* x = stream, y = update, g = gate)
        {
            RowScheduler.Run(stream.Length / width, width, new Job(x, y, g, width), threads);
        }
    }

    private readonly struct Job(float* x, float* y, float* g, int width) : IRowJob
    {
        public void Execute(int first, int count)
        {
            for (int row = first; row < first + count; row++)
            {
                Span<float> stream = new(x + ((long)row * width), width);
                ReadOnlySpan<float> update = new(y + ((long)row * width), width);
                if (g is null)
                {
                    TensorPrimitives.Add(stream, update, stream);
                }
                else
                {
                    TensorPrimitives.MultiplyAdd(update, new ReadOnlySpan<float>(g, width), stream, stream);
                }
            }
        }
    }
}
