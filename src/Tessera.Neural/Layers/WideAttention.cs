using System.Runtime.Intrinsics;
using Tessera.Backends.Cpu;
using Tessera.Backends.Cpu.Isa;

namespace Tessera.Neural.Layers;

/// <summary>
/// Dense attention of one head of any width, <c>y = softmax(q k^T / sqrt(C)) v</c>, of rows that hold q, k and v side by side. For heads
/// wider than the attention engine takes, as in the middle of image autoencoders, where it is a percent of all work.
/// </summary>
/// <remarks>
/// Threads take blocks of query rows and hold their scores only, a few rows of them: no map is stored. Backward, for training to add: with
/// p the probabilities and dp = dy v^T, <c>ds = p (dp - sum(dp p))</c>, dq = ds k / sqrt(C), dk = ds^T q / sqrt(C), dv = p^T dy.
/// </remarks>
public static unsafe class WideAttention
{
    /// <summary>Floats of scratch memory.</summary>
    /// <param name="rows">Rows of q, k and v.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    public static int ScratchLength(int rows, int threads = 0) =>
        checked(Workers(threads) * WideAttentionKernel.BlockRows * (int)ActivationArena.Rounded(rows));

    /// <summary>Attends.</summary>
    /// <param name="queryKeyValue">[rows, 3 channels]: q, k, v of each row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="scratch">At least <see cref="ScratchLength"/> floats.</param>
    /// <param name="output">y [rows, channels]; overlaps nothing.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <param name="cancellationToken">Polled between blocks of rows.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void Forward(
        ReadOnlySpan<float> queryKeyValue, int rows, Span<float> scratch, Span<float> output, int threads = 0,
        CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        int wanted = ScratchLength(rows, threads);
        if (output.Length % rows != 0 || queryKeyValue.Length != 3L * output.Length || scratch.Length < wanted)
        {
            throw new ArgumentException(
                $"{queryKeyValue.Length}, {output.Length} and {scratch.Length} numbers are no q, k, v, output and scratch of {rows} rows; "
                    + $"wanted three numbers of q, k and v for each of the output and {wanted} of scratch.",
                nameof(output));
        }

        fixed (float* input = queryKeyValue, memory = scratch, y = output)
        {
            Job job = new(input, memory, y, rows, output.Length / rows, CpuOptions.Default.EffectiveInstructionSet);
            int items = (rows + WideAttentionKernel.BlockRows - 1) / WideAttentionKernel.BlockRows;
            TileScheduler.ForThreads(Workers(threads)).Run(items, job, cancellationToken);
        }
    }

    private static int Workers(int threads) => threads > 0 ? threads : Environment.ProcessorCount;

    private readonly struct Job(float* input, float* scratch, float* output, int rows, int width, CpuInstructionSet set) : ITileJob
    {
        public void Execute(int item, int worker)
        {
            int first = item * WideAttentionKernel.BlockRows;
            int count = Math.Min(WideAttentionKernel.BlockRows, rows - first);
            int stride = (int)ActivationArena.Rounded(rows);
            float* scores = scratch + ((long)worker * WideAttentionKernel.BlockRows * stride);
            switch (set)
            {
                case CpuInstructionSet.Vector512:
                    WideAttentionKernel.Block<Isa512, Vector512<float>>(input, scores, stride, output, first, count, rows, width);
                    break;
                case CpuInstructionSet.Vector256:
                    WideAttentionKernel.Block<Isa256, Vector256<float>>(input, scores, stride, output, first, count, rows, width);
                    break;
                default:
                    WideAttentionKernel.Block<Isa128, Vector128<float>>(input, scores, stride, output, first, count, rows, width);
                    break;
            }
        }
    }
}
