using Tessera.Cuda.Driver;
using Tessera.Cuda.Launch;
using Tessera.Layout;

namespace Tessera.Cuda.Planning;

/// <summary>Sizes to launches: pure functions, written down in a table by their tests.</summary>
internal static class LaunchHeuristics
{
    /// <summary>
    /// Waves of the larger tile below which the smaller one is taken: with fewer, the last wave leaves more of the device idle than the
    /// halved traffic of K and V saves.
    /// </summary>
    public const int WavesForLargeTiles = 2;

    /// <summary>
    /// Rows of a query tile: 128 read each key block once for twice the rows, which halves traffic of the second-level cache; 64 divide
    /// the work finer and fit masks of 64 rows.
    /// </summary>
    /// <param name="heads">Batch times heads.</param>
    /// <param name="querySlots">Query slots of a head.</param>
    /// <param name="maskRowSlots">Query slots of a block row of the mask; 0 for a mask that keeps everything.</param>
    /// <param name="hasLarge">Whether there is an instantiation with 128 rows.</param>
    /// <param name="device">The device.</param>
    public static int QueryRows(int heads, int querySlots, int maskRowSlots, bool hasLarge, CudaDeviceProperties device)
    {
        bool fits = hasLarge && (maskRowSlots == 0 || maskRowSlots % 128 == 0);
        long tiles = (long)heads * CeilingDivision.Of(querySlots, 128);
        return fits && tiles >= (long)WavesForLargeTiles * device.Multiprocessors ? 128 : 64;
    }

    /// <summary>
    /// Heads whose lists are balanced against one another: those whose codes of K and V fill half of the second-level cache. Every query
    /// tile reads its key blocks again; from device memory that would cost more than the products do.
    /// </summary>
    /// <param name="bytesPerHead">Codes of K and V of one head.</param>
    /// <param name="device">The device.</param>
    public static int HeadsTogether(long bytesPerHead, CudaDeviceProperties device) =>
        (int)Math.Clamp(device.CacheBytes / 2 / bytesPerHead, 1, int.MaxValue);

    /// <summary>Launch of a kernel that quantises Q or K, or finds their maxima: 128 slots a block.</summary>
    public static LaunchShape Rows(string kernel, int paddedSlots, int heads) =>
        Shape(kernel, paddedSlots / KernelCatalogue.RowSlots, heads);

    /// <summary>Launch of a kernel that quantises V, or finds its maxima: 64 slots a block.</summary>
    public static LaunchShape Values(string kernel, int paddedSlots, int heads) =>
        Shape(kernel, paddedSlots / KernelCatalogue.KeySlots, heads);

    /// <summary>Launch of the kernel that sums channels: a warp a chunk of 64 slots, four warps a block.</summary>
    public static LaunchShape Sums(string kernel, int chunks, int heads) => Shape(kernel, CeilingDivision.Of(chunks, 4), heads);

    /// <summary>Launch of the kernel that divides sums.</summary>
    public static LaunchShape Means(string kernel, int heads) => Shape(kernel, heads, 1);

    /// <summary>Launch of attention: one block a query tile.</summary>
    public static LaunchShape Attend(AttendInstance kernel, int queryTiles, int heads) =>
        Shape(kernel.Name, checked(queryTiles * heads), 1);

    private static LaunchShape Shape(string kernel, int x, int y)
    {
        KernelInstance instance = KernelCatalogue.Find(kernel);
        return new LaunchShape(x, y, 1, instance.Threads, instance.SharedBytes);
    }
}
