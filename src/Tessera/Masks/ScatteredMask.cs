namespace Tessera.Masks;

/// <summary>
/// Masks to measure and to compare with: every block row keeps the same number of blocks, its diagonal one and others drawn with a fixed
/// seed, shared by all heads.
/// </summary>
public static class ScatteredMask
{
    private const int Seed = 20250616;

    /// <summary>The mask whose rows keep round(density x blocks) blocks, at least one.</summary>
    /// <param name="queryLength">Query slots.</param>
    /// <param name="keyLength">Key slots.</param>
    /// <param name="size">Tokens per block.</param>
    /// <param name="density">Share of blocks computed.</param>
    public static BlockMask Of(int queryLength, int keyLength, BlockSize size, double density)
    {
        BlockMaskBuilder builder = new(1, queryLength, keyLength, size);
        int kept = Math.Clamp((int)Math.Round(density * builder.KeyBlocks), 1, builder.KeyBlocks);
        if (kept == builder.KeyBlocks)
        {
            builder.KeepAll();
            return builder.Build();
        }

        Random random = new(Seed);
        int[] blocks = [.. Enumerable.Range(0, builder.KeyBlocks)];
        for (int row = 0; row < builder.QueryBlocks; row++)
        {
            // The first entries of a partial shuffle; the diagonal block is put in front first.
            int diagonal = Array.IndexOf(blocks, (int)((long)row * builder.KeyBlocks / builder.QueryBlocks));
            (blocks[0], blocks[diagonal]) = (blocks[diagonal], blocks[0]);
            for (int i = 1; i < kept; i++)
            {
                int other = random.Next(i, blocks.Length);
                (blocks[i], blocks[other]) = (blocks[other], blocks[i]);
            }

            foreach (int block in blocks.AsSpan(0, kept))
            {
                builder.Keep(0, row, block);
            }
        }

        return builder.Build();
    }
}
