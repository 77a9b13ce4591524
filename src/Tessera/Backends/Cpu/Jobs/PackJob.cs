using Tessera.Attention;
using Tessera.Backends.Cpu.Packing;
using Tessera.Layout;

namespace Tessera.Backends.Cpu.Jobs;

/// <summary>
/// Packs K and, when there is one, V. Items: (pair, stretch of the range's key blocks); within a stretch, rows are asked for across block
/// borders.
/// </summary>
internal readonly struct PackJob(
    PackingPlan plan, RowPacker packer, RowSource key, RowSource value, bool packsValues, PackedHead[] heads,
    TileWorker[] workers, KeyRange range, int stretch) : ITileJob
{
    // Enough items that threads finish together, few enough that handing them out costs nothing.
    private const int ItemsPerThread = 16;

    /// <summary>Key blocks of an item.</summary>
    /// <param name="range">Key blocks to pack.</param>
    /// <param name="heads">Heads in flight.</param>
    /// <param name="threads">Threads.</param>
    public static int StretchOf(KeyRange range, int heads, int threads) =>
        (int)Math.Clamp((long)(range.End - range.First) * heads / (threads * ItemsPerThread), 1, 8);

    /// <summary>Items of a head.</summary>
    public static int ItemsOf(KeyRange range, int stretch) => CeilingDivision.Of(range.End - range.First, stretch);

    public void Execute(int item, int worker)
    {
        int items = ItemsOf(range, stretch);
        ref PackedHead head = ref heads[item / items];
        int first = range.First + (item % items * stretch);
        int end = Math.Min(first + stretch, range.End);
        for (int block = first; block < end; block++)
        {
            packer.PackKeys(plan, key, head, block, workers[worker].Scratch);
            if (packsValues)
            {
                packer.PackValues(plan, value, head, block, workers[worker].Scratch);
            }
        }
    }
}
