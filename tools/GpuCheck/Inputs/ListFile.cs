using System.Runtime.InteropServices;
using Tessera.Attention;
using Tessera.Masks;

namespace GpuCheck.Inputs;

/// <summary>
/// Block lists for other programs: little-endian int32, first heads, query blocks and key blocks, then for each head and query block its
/// count and its key blocks. No pickles.
/// </summary>
internal static class ListFile
{
    public static string NameOf(AttentionShape shape, double density) =>
        FormattableString.Invariant($"lists-{shape.QueryLength}x{shape.Heads}x{shape.HeadDim}-{density}.i32");

    public static void Write(string path, BlockMask mask)
    {
        List<int> words = [mask.MaskHeads, mask.QueryBlocks, mask.KeyBlocks];
        for (int head = 0; head < mask.MaskHeads; head++)
        {
            for (int row = 0; row < mask.QueryBlocks; row++)
            {
                ReadOnlySpan<int> blocks = mask.FullKeyBlocks(head, row);
                words.Add(blocks.Length);
                words.AddRange(blocks);
            }
        }

        File.WriteAllBytes(path, MemoryMarshal.AsBytes<int>(words.ToArray()).ToArray());
    }
}
