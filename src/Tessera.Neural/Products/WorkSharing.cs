using Tessera.Backends.Cpu;

namespace Tessera.Neural.Products;

/// <summary>Hands items of work to threads; a single thread works where it stands, so that its callers may run side by side.</summary>
internal static class WorkSharing
{
    /// <summary>Executes every item.</summary>
    public static void Run<TJob>(int items, in TJob job, int threads)
        where TJob : struct, ITileJob
    {
        if (threads > 1 && items > 1)
        {
            TileScheduler.ForThreads(threads).Run(items, job, CancellationToken.None);
            return;
        }

        TJob local = job;
        for (int item = 0; item < items; item++)
        {
            local.Execute(item, 0);
        }
    }
}
