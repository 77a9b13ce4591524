using System.Runtime.Intrinsics;
using Tessera.Backends.Cpu;
using Tessera.Backends.Cpu.Isa;
using Tessera.Serialization;

namespace Tessera.Neural.Layers;

/// <summary>
/// Normalisation of a position's channels by their length, <c>y = x / max(|x|, 1e-12) * sqrt(C) * gamma</c>, and the same followed by
/// SiLU, <c>y / (1 + exp(-y))</c>, in one pass over memory. Source: Wan2.1, <c>wan/modules/vae.py</c>, <c>RMS_norm</c>. Immutable.
/// </summary>
/// <remarks>
/// Rows are spread over threads; a row's sum never depends on them. Backward, for training to add: with r = 1 / |x|, g = dy gamma sqrt(C),
/// <c>dx = r (g - x r^2 sum(g x))</c> and <c>dgamma</c> = the column sums of dy x r sqrt(C); SiLU' = s (1 + y (1 - s)), s = sigmoid(y).
/// </remarks>
public sealed unsafe class ChannelRmsNorm
{
    // Numbers of one item of work: a quarter of a megabyte in and out, a few microseconds.
    private const int ItemNumbers = 1 << 15;

    // sqrt(C) gamma, padded with zeros to whole registers of any width.
    private readonly float[] _factors;

    /// <summary>Makes a layer.</summary>
    /// <param name="gamma">gamma; one number a channel, whatever its shape.</param>
    public ChannelRmsNorm(StoredTensor gamma)
    {
        ArgumentNullException.ThrowIfNull(gamma);
        float[] values = gamma.ReadSingle();
        Width = values.Length;
        double root = Math.Sqrt(Width);
        _factors = new float[(Width + ChannelNormKernel.Padding - 1) / ChannelNormKernel.Padding * ChannelNormKernel.Padding];
        for (int i = 0; i < Width; i++)
        {
            _factors[i] = (float)(root * values[i]);
        }
    }

    /// <summary>Channels of a row.</summary>
    public int Width { get; }

    /// <summary>Normalises rows.</summary>
    /// <param name="input">x [rows, channels].</param>
    /// <param name="output">y [rows, channels]; may be the input.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <param name="cancellationToken">Polled between groups of rows.</param>
    /// <exception cref="ArgumentException">The lengths differ or are no whole number of rows.</exception>
    public void Forward(ReadOnlySpan<float> input, Span<float> output, int threads = 0, CancellationToken cancellationToken = default) =>
        Run(input, output, isActivated: false, threads, cancellationToken);

    /// <summary>Normalises rows and applies SiLU.</summary>
    /// <param name="input">x [rows, channels].</param>
    /// <param name="output">SiLU(y) [rows, channels]; may be the input.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <param name="cancellationToken">Polled between groups of rows.</param>
    /// <exception cref="ArgumentException">The lengths differ or are no whole number of rows.</exception>
    public void ForwardSilu(
        ReadOnlySpan<float> input, Span<float> output, int threads = 0, CancellationToken cancellationToken = default) =>
        Run(input, output, isActivated: true, threads, cancellationToken);

    private void Run(ReadOnlySpan<float> input, Span<float> output, bool isActivated, int threads, CancellationToken cancellationToken)
    {
        if (input.Length != output.Length || input.Length % Width != 0)
        {
            throw new ArgumentException($"{input.Length} and {output.Length} numbers are not equal rows of {Width}.", nameof(output));
        }

        fixed (float* x = input, y = output, factors = _factors)
        {
            int itemRows = Math.Max(1, ItemNumbers / Width);
            Job job = new(x, y, factors, input.Length / Width, itemRows, Width, isActivated, CpuOptions.Default.EffectiveInstructionSet);
            int items = (job.Rows + itemRows - 1) / itemRows;
            TileScheduler.ForThreads(threads > 0 ? threads : Environment.ProcessorCount).Run(items, job, cancellationToken);
        }
    }

    private readonly struct Job(
        float* x, float* y, float* factors, int rows, int itemRows, int width, bool isActivated, CpuInstructionSet set) : ITileJob
    {
        public int Rows => rows;

        public void Execute(int item, int worker)
        {
            int first = item * itemRows;
            int count = Math.Min(itemRows, rows - first);
            float* input = x + ((long)first * width);
            float* output = y + ((long)first * width);
            switch (set)
            {
                case CpuInstructionSet.Vector512:
                    ChannelNormKernel.Rows<Isa512, Vector512<float>>(input, output, factors, count, width, isActivated);
                    break;
                case CpuInstructionSet.Vector256:
                    ChannelNormKernel.Rows<Isa256, Vector256<float>>(input, output, factors, count, width, isActivated);
                    break;
                default:
                    ChannelNormKernel.Rows<Isa128, Vector128<float>>(input, output, factors, count, width, isActivated);
                    break;
            }
        }
    }
}
