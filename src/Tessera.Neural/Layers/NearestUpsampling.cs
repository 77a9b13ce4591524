using Tessera.Backends.Cpu;

namespace Tessera.Neural.Layers;

/// <summary>Doubles an image along both sides by repeating each position: <c>y[2i + a, 2j + b] = x[i, j]</c> for a, b in {0, 1}.</summary>
/// <remarks>Backward, for training to add: dx[i, j] = the sum of the four dy.</remarks>
public static unsafe class NearestUpsampling
{
    /// <summary>Doubles an image.</summary>
    /// <param name="input">x [height, width, channels].</param>
    /// <param name="height">Rows of x.</param>
    /// <param name="width">Columns of x.</param>
    /// <param name="output">y [2 height, 2 width, channels]; must not overlap x.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <param name="cancellationToken">Polled between rows.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void Forward(
        ReadOnlySpan<float> input, int height, int width, Span<float> output, int threads = 0,
        CancellationToken cancellationToken = default)
    {
        long positions = (long)height * width;
        if (height < 1 || width < 1 || input.Length % positions != 0 || output.Length != 4L * input.Length)
        {
            throw new ArgumentException(
                $"{input.Length} and {output.Length} numbers are no {height} x {width} image and its double.", nameof(output));
        }

        fixed (float* x = input, y = output)
        {
            Job job = new(x, y, width, (int)(input.Length / positions));
            TileScheduler.ForThreads(threads > 0 ? threads : Environment.ProcessorCount).Run(height, job, cancellationToken);
        }
    }

    private readonly struct Job(float* x, float* y, int width, int channels) : ITileJob
    {
        public void Execute(int item, int worker)
        {
            int rowLength = checked(2 * width * channels);
            ReadOnlySpan<float> source = new(x + ((long)item * width * channels), width * channels);
            Span<float> first = new(y + (2L * item * rowLength), rowLength);
            for (int column = 0; column < width; column++)
            {
                ReadOnlySpan<float> position = source.Slice(column * channels, channels);
                Span<float> pair = first.Slice(2 * column * channels, 2 * channels);
                position.CopyTo(pair);
                position.CopyTo(pair[channels..]);
            }

            first.CopyTo(new Span<float>(y + (((2L * item) + 1) * rowLength), rowLength));
        }
    }
}
