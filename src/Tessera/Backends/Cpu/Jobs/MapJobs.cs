using Tessera.Attention;
using Tessera.Backends.Cpu.Packing;

namespace Tessera.Backends.Cpu.Jobs;

/// <summary>Row sums of one head. Items: tiles of <see cref="CpuLayout.TargetRows"/> query rows.</summary>
internal readonly unsafe struct LogSumExpJob(AttendContext context, PackedHead[] heads, TileWorker[] workers, float* logSumExp) : ITileJob
{
    public void Execute(int item, int worker)
    {
        int first = item * CpuLayout.TargetRows;
        TileTask task = new(0, first, Math.Min(CpuLayout.TargetRows, context.Layout.QuerySlots - first), context.Layout.KeyBlocks);
        workers[worker].ReadLogSumExp(context, heads[0], task, logSumExp);
    }
}

/// <summary>Block statistics of one head. Items: block rows.</summary>
internal readonly unsafe struct MapJob(
    AttendContext context, PackedHead[] heads, TileWorker[] workers, float* logSumExp, float epsilon, int* queryBlocks,
    BlockMapStatistics destination) : ITileJob
{
    public void Execute(int item, int worker)
    {
        int queryBlock = queryBlocks == null ? item : queryBlocks[item];
        workers[worker].ReadMapRow(context, heads[0], queryBlock, logSumExp, epsilon, destination);
    }
}
