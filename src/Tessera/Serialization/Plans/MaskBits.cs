using System.Buffers.Binary;
using System.Numerics;
using Tessera.Layout;
using Tessera.Masks;

namespace Tessera.Serialization.Plans;

/// <summary>
/// Block lists as bits: for each head and block row ceil(KeyBlocks / 64) little-endian words, key block k at bit k mod 64 of word k / 64;
/// unused
/// bits are 0.
/// </summary>
internal static class MaskBits
{
    /// <summary>Words of a block row.</summary>
    public static int WordsPerRow(int keyBlocks) => CeilingDivision.Of(keyBlocks, 64);

    /// <summary>Shape of a bit tensor: heads, block rows, words.</summary>
    public static long[] ShapeOf(BlockMask mask) => [mask.MaskHeads, mask.QueryBlocks, WordsPerRow(mask.KeyBlocks)];

    /// <summary>Whether any block is partial.</summary>
    public static bool HasPartial(BlockMask mask) => mask.Predicate is not null;

    /// <summary>Writes the full or the partial blocks row by row.</summary>
    public static void Write(BlockMask mask, bool partial, Stream stream)
    {
        ulong[] words = new ulong[WordsPerRow(mask.KeyBlocks)];
        byte[] bytes = new byte[words.Length * 8];
        for (int head = 0; head < mask.MaskHeads; head++)
        {
            for (int row = 0; row < mask.QueryBlocks; row++)
            {
                Array.Clear(words);
                foreach (int block in partial ? mask.PartialKeyBlocks(head, row) : mask.FullKeyBlocks(head, row))
                {
                    words[block >> 6] |= 1UL << (block & 63);
                }

                for (int word = 0; word < words.Length; word++)
                {
                    BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(word * 8), words[word]);
                }

                stream.Write(bytes);
            }
        }
    }

    /// <summary>Reads the rows of a bit tensor into compressed lists.</summary>
    /// <param name="bits">The words.</param>
    /// <param name="rows">Heads times block rows.</param>
    /// <param name="keyBlocks">Block columns.</param>
    /// <exception cref="FormatException">A bit beyond the last column is set, or more blocks are kept than one array holds.</exception>
    public static (int[] Start, int[] Indices) Read(ReadOnlySpan<ulong> bits, int rows, int keyBlocks)
    {
        int words = WordsPerRow(keyBlocks);
        ulong beyond = keyBlocks % 64 == 0 ? 0 : ulong.MaxValue << (keyBlocks % 64);
        int[] start = new int[rows + 1];
        long total = 0;
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<ulong> line = bits.Slice(row * words, words);
            foreach (ulong word in line)
            {
                total += BitOperations.PopCount(word);
            }

            if ((line[^1] & beyond) != 0 || total > Array.MaxLength)
            {
                throw new FormatException($"block row {row} keeps blocks beyond column {keyBlocks - 1}, or the mask too many blocks");
            }

            start[row + 1] = (int)total;
        }

        int[] indices = new int[total];
        int next = 0;
        for (int row = 0; row < rows; row++)
        {
            for (int word = 0; word < words; word++)
            {
                for (ulong left = bits[(row * words) + word]; left != 0; left &= left - 1)
                {
                    indices[next++] = (word * 64) + BitOperations.TrailingZeroCount(left);
                }
            }
        }

        return (start, indices);
    }
}
