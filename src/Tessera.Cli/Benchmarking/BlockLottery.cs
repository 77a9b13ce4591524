using Tessera.Masks;

namespace Tessera.Cli.Benchmarking;

/// <summary>Masks for timing: every block row keeps its diagonal block and as many random others as the density asks for.</summary>
internal static class BlockLottery
{
    private const int Seed = 20250616;

    /// <summary>A mask of <paramref name="heads"/> heads whose rows all keep round(density x blocks) blocks, at least one.</summary>
    public static BlockMask Draw(int heads, int length, double density)
    {
        if (density >= 1)
        {
            return BlockMask.Dense(length, length, BlockSize.Default);
        }

        BlockMaskBuilder builder = new(heads, length, length, BlockSize.Default);
        int kept = Math.Max(1, (int)Math.Round(density * builder.KeyBlocks));
        Random random = new(Seed);
        int[] others = new int[builder.KeyBlocks - 1];
        for (int head = 0; head < heads; head++)
        {
            for (int row = 0; row < builder.QueryBlocks; row++)
            {
                for (int i = 0; i < others.Length; i++)
                {
                    others[i] = i < row ? i : i + 1;
                }

                random.Shuffle(others);
                builder.Keep(head, row, row);
                foreach (int keyBlock in others.AsSpan(0, kept - 1))
                {
                    builder.Keep(head, row, keyBlock);
                }
            }
        }

        return builder.Build();
    }
}
