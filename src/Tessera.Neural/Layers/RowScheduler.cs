using Tessera.Backends.Cpu;

namespace Tessera.Neural.Layers;

/// <summary>
/// Divides rows among the threads of the process in parts of about 64 KiB, in the order of memory. A run allocates nothing. Which thread
/// takes which rows is left to chance, so a job's result must not depend on it.
/// </summary>
public static class RowScheduler
{
    private const int PartFloats = 1 << 14;

    /// <summary>Executes a job and returns when all rows are done.</summary>
    /// <param name="rows">Rows.</param>
    /// <param name="width">Numbers that a row touches, which decides how many rows make a part.</param>
    /// <param name="job">The job; it may hold pointers that stay valid until the call returns.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <param name="cancellationToken">Polled between parts.</param>
    /// <exception cref="ArgumentOutOfRangeException">A count is negative.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; some rows were not done.</exception>
    public static void Run<TJob>(int rows, int width, in TJob job, int threads = 0, CancellationToken cancellationToken = default)
        where TJob : struct, IRowJob
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(width);
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        int part = Math.Max(1, PartFloats / Math.Max(1, width));
        int workers = threads > 0 ? threads : Environment.ProcessorCount;
        if (workers == 1 || rows <= part)
        {
            for (int first = 0; first < rows; first += part)
            {
                cancellationToken.ThrowIfCancellationRequested();
                job.Execute(first, Math.Min(part, rows - first));
            }

            return;
        }

        int parts = (rows + part - 1) / part;
        TileScheduler.ForThreads(workers).Run(parts, new PartJob<TJob>(job, rows, part), cancellationToken);
    }

    private readonly struct PartJob<TJob>(TJob job, int rows, int part) : ITileJob
        where TJob : struct, IRowJob
    {
        public void Execute(int item, int worker) => job.Execute(item * part, Math.Min(part, rows - (item * part)));
    }
}
