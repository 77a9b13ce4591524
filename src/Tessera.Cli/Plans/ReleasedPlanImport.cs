using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Serialization;

namespace Tessera.Cli.Plans;

/// <summary>
/// Plans in the layout that PAROAttention released: <c>permute</c> [layers, heads] of axis-order ids and <c>sparse</c>
/// [time groups, layers, heads, n, n] of block flags (1 computes), n blocks of 64 tokens. Groups, or groups and layers, may be missing.
/// </summary>
/// <remarks>
/// With text in front, the released kernels widen the mask by leading block rows and columns of ones until it covers the sequence, so that
/// the lattice starts at token 0 and not at the first video token; with text at the back they are trailing. The same is done here.
/// </remarks>
internal static class ReleasedPlanImport
{
    private static readonly string[] OrderNames = ["permute", "permutation"];
    private static readonly string[] MaskNames = ["sparse", "mask"];

    /// <summary>Whether a file has both tensors.</summary>
    public static bool Recognizes(SafetensorsFile file) => Find(file, OrderNames) is not null && Find(file, MaskNames) is not null;

    /// <summary>Reads the plans.</summary>
    /// <param name="file">The file.</param>
    /// <param name="source">Its name for messages.</param>
    /// <param name="grid">Grid and text that the masks were made for.</param>
    /// <param name="headDim">Channels of a head, which the layout does not hold.</param>
    /// <param name="cancellationToken">Polled between plans.</param>
    public static PlanFile Read(SafetensorsFile file, string source, TokenGrid grid, int headDim, CancellationToken cancellationToken)
    {
        TensorDescription orders = file[Find(file, OrderNames)!];
        TensorDescription masks = file[Find(file, MaskNames)!];
        (int groups, int layers, int heads, int blocks) = RequireShapes(orders, masks, source);
        int allBlocks = (grid.Tokens + BlockSize.Default.Query - 1) / BlockSize.Default.Query;
        if (blocks > allBlocks)
        {
            throw CommandException.BadInput(
                $"{source}: masks of {blocks} x {blocks} blocks exceed the {allBlocks} blocks of 64 tokens that grid {grid} has.");
        }

        TokenOrder[] axisOrders = [.. AxisOrder.All.Select(order => TokenOrder.ForAxisOrder(grid, order))];
        float[] ids = file.ReadSingle(orders.Name);
        List<IReadOnlyList<AttentionPlan>> rows = [];
        float[] flags = new float[heads * blocks * blocks];
        for (int group = 0; group < groups; group++)
        {
            AttentionPlan[] row = new AttentionPlan[layers];
            for (int layer = 0; layer < layers; layer++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                file.ReadSingle(masks.Name, ((long)group * layers + layer) * flags.Length, flags);
                row[layer] = new AttentionPlan
                {
                    Name = $"paro-released-t{group}-l{layer}",
                    Shape = new AttentionShape(1, heads, grid.Tokens, grid.Tokens, headDim),
                    Grid = grid,
                    Orders = [.. Enumerable.Range(0, heads).Select(head => axisOrders[RequireOrder(ids[(layer * heads) + head], source)])],
                    Mask = BuildMask(flags, heads, blocks, allBlocks, grid),
                };
            }

            rows.Add(row);
        }

        return new PlanFile
        {
            Schedule = PlanSchedule.ByStepsAndLayers($"paro-released-{groups}x{layers}", rows),
            Properties = new Dictionary<string, string> { ["source"] = source, ["layout"] = "PAROAttention release: permute, sparse" },
        };
    }

    private static BlockMask BuildMask(float[] flags, int heads, int blocks, int allBlocks, TokenGrid grid)
    {
        int leading = grid.TextPlacement == TextPlacement.Back ? 0 : allBlocks - blocks;
        BlockMaskBuilder builder = new(heads, grid.Tokens, grid.Tokens, BlockSize.Default);
        for (int head = 0; head < heads; head++)
        {
            for (int row = 0; row < allBlocks; row++)
            {
                int videoRow = row - leading;
                for (int column = 0; column < allBlocks; column++)
                {
                    int videoColumn = column - leading;
                    bool isVideo = (uint)videoRow < (uint)blocks && (uint)videoColumn < (uint)blocks;
                    if (!isVideo || flags[(((head * blocks) + videoRow) * blocks) + videoColumn] != 0)
                    {
                        builder.Keep(head, row, column);
                    }
                }
            }
        }

        return builder.Build();
    }

    private static (int Groups, int Layers, int Heads, int Blocks) RequireShapes(
        TensorDescription orders, TensorDescription masks, string source)
    {
        IReadOnlyList<long> mask = masks.Shape;
        IReadOnlyList<long> order = orders.Shape;
        bool fits = mask.Count is >= 3 and <= 5 && order.Count is 1 or 2
            && mask[^1] == mask[^2] && mask[^3] == order[^1] && (mask.Count > 3 ? mask[^4] : 1) == (order.Count > 1 ? order[0] : 1)
            && mask.All(static extent => extent is >= 1 and <= 1 << 16);
        return fits
            ? (mask.Count > 4 ? (int)mask[0] : 1, mask.Count > 3 ? (int)mask[^4] : 1, (int)mask[^3], (int)mask[^1])
            : throw CommandException.BadInput(
                $"{source}: {orders} and {masks} do not fit; wanted permute [layers, heads] and sparse [time groups, layers, heads, n, "
                + "n].");
    }

    private static int RequireOrder(float id, string source) =>
        id is >= 0 and <= 5 && id == MathF.Floor(id)
            ? (int)id
            : throw CommandException.BadInput(
                $"{source}: axis order {id} is none of 0 (FHW), 1 (FWH), 2 (HWF), 3 (HFW), 4 (WHF), 5 (WFH).");

    private static string? Find(SafetensorsFile file, string[] names) => Array.Find(names, file.Contains);
}
