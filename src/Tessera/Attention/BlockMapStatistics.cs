using Tessera.Layout;
using Tessera.Masks;

namespace Tessera.Attention;

/// <summary>
/// Three numbers per block of one head's softmax map, row-major [QueryBlocks, KeyBlocks]; see <see cref="IAttentionMapReader.ReadBlocks"/>.
/// </summary>
public sealed class BlockMapStatistics
{
    /// <summary>Allocates for a map.</summary>
    /// <param name="querySlots">Query slots, padding included.</param>
    /// <param name="keySlots">Key slots, padding included.</param>
    /// <param name="size">Tokens per block.</param>
    public BlockMapStatistics(int querySlots, int keySlots, BlockSize size)
    {
        Size = size;
        QueryBlocks = CeilingDivision.Of(querySlots, size.Query);
        KeyBlocks = CeilingDivision.Of(keySlots, size.Key);
        int blocks = checked(QueryBlocks * KeyBlocks);
        Sum = new float[blocks];
        Maximum = new float[blocks];
        CountBelow = new int[blocks];
    }

    /// <summary>Tokens per block.</summary>
    public BlockSize Size { get; }

    /// <summary>Block rows.</summary>
    public int QueryBlocks { get; }

    /// <summary>Block columns.</summary>
    public int KeyBlocks { get; }

    /// <summary>Sum of P over the valid pairs of each block. A full row of blocks sums to its number of valid queries.</summary>
    public float[] Sum { get; }

    /// <summary>Largest P of each block.</summary>
    public float[] Maximum { get; }

    /// <summary>Valid pairs of each block with P below epsilon.</summary>
    public int[] CountBelow { get; }
}
