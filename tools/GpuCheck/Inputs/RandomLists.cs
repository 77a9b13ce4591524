using Tessera.Masks;

namespace GpuCheck.Inputs;

/// <summary>Random block masks of a density, ascending and reproducible; the same for our kernels and their peers.</summary>
internal static class RandomLists
{
    /// <summary>A mask in which every row keeps its share of key blocks, the diagonal among them.</summary>
    public static BlockMask Make(int heads, int tokens, double density, BlockSize size)
    {
        BlockMaskBuilder builder = new(heads, tokens, tokens, size);
        for (int head = 0; head < heads; head++)
        {
            for (int row = 0; row < builder.QueryBlocks; row++)
            {
                Keep(builder, head, row, density);
            }
        }

        return builder.Build();
    }

    private static void Keep(BlockMaskBuilder builder, int head, int row, double density)
    {
        int blocks = builder.KeyBlocks;
        int wanted = Math.Clamp((int)Math.Round(density * blocks), 1, blocks);
        builder.Keep(head, row, Math.Min(blocks - 1, row * builder.Size.Query / builder.Size.Key));
        // Selection by a random stride that shares no factor with the number of blocks would be regular; a shuffle is not.
        Random random = new((head * 7919) + row);
        int[] order = [.. Enumerable.Range(0, blocks)];
        random.Shuffle(order);
        for (int i = 0; i < blocks && builder.KeptInRow(head, row) < wanted; i++)
        {
            builder.Keep(head, row, order[i]);
        }
    }
}
