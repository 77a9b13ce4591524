using Tessera.Attention;
using Tessera.Backends.Cpu.Packing;

namespace Tessera.Backends.Cpu.Jobs;

/// <summary>Packs K and, when there is one, V. Items: (pair, key block).</summary>
internal readonly struct PackJob(
    PackingPlan plan, RowPacker packer, RowSource key, RowSource value, bool packsValues, PackedHead[] heads,
    TileWorker[] workers) : ITileJob
{
    public void Execute(int item, int worker)
    {
        ref PackedHead head = ref heads[item / plan.Layout.KeyBlocks];
        int block = item % plan.Layout.KeyBlocks;
        packer.PackKeys(plan, key, head, block, workers[worker].Scratch);
        if (packsValues)
        {
            packer.PackValues(plan, value, head, block, workers[worker].Scratch);
        }
    }
}
