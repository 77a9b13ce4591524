using Tessera.Backends.Cpu.Packing;

namespace Tessera.Backends.Cpu.Jobs;

/// <summary>Attention of query tiles. Items: entries of the hand-out order.</summary>
internal readonly struct AttendJob(
    AttendContext context, TileSchedule schedule, int[] order, PackedHead[] heads, TileWorker[] workers) : ITileJob
{
    public void Execute(int item, int worker)
    {
        ref PackedHead head = ref heads[order[2 * item]];
        workers[worker].Attend(context, head, schedule.TasksOf(head.Head)[order[(2 * item) + 1]]);
    }
}
