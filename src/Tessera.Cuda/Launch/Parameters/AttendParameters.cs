using System.Runtime.InteropServices;

namespace Tessera.Cuda.Launch.Parameters;

/// <summary>
/// Attention over quantised operands, key blocks of 64 slots. Grid: batch * heads * QueryTiles. Mirror of AttendParameters in
/// Kernels/parameters.cuh; addresses are device addresses, 0 where the remark says so.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AttendParameters
{
    /// <summary>Codes [batch * heads, queryPaddedSlots, paddedChannels].</summary>
    public ulong Queries;

    /// <summary>Codes [batch * heads, keyPaddedSlots, paddedChannels].</summary>
    public ulong Keys;

    /// <summary>Codes [batch * heads, paddedChannels, keyPaddedSlots], permuted.</summary>
    public ulong Values;

    /// <summary>float [batch * heads, queryPaddedSlots]; bfloat16 kernels read no scales.</summary>
    public ulong QueryScales;

    /// <summary>float [batch * heads, keyPaddedSlots]. Coarse kernels take the first of each 64.</summary>
    public ulong KeyScales;

    /// <summary>float [batch * heads, valueGroups, paddedChannels]. Coarse kernels take the first group.</summary>
    public ulong ValueScales;

    /// <summary>int32 [maskHeads * maskRows + 1]: where a block row's list begins in Blocks; 0 keeps every block.</summary>
    public ulong RowStart;

    /// <summary>int32: key blocks of each row, ascending.</summary>
    public ulong Blocks;

    /// <summary>int32 for each entry of Blocks: index into MaskBits, or negative; 0 when no block is partial.</summary>
    public ulong BlockMasks;

    /// <summary>uint64 [partial blocks, maskRowSlots]: bit k is whether the row sees key k of the block.</summary>
    public ulong MaskBits;

    /// <summary>int32 [orderHeads, keyBlocks]: valid slots of a block, which stand first; 0 takes KeySlots.</summary>
    public ulong KeyCounts;

    /// <summary>int32 [orderHeads, querySlots]: token of a slot, negative for padding; 0 for natural order.</summary>
    public ulong Order;

    /// <summary>int32 [grid]: the work of each thread block, longest first; 0 for the natural sequence.</summary>
    public ulong Schedule;

    /// <summary>[batch, heads, tokens, channels], dense channels.</summary>
    public ulong Output;

    /// <summary>Elements from one sequence to the next.</summary>
    public long OutputBatchStride;

    /// <summary>Elements from one head to the next.</summary>
    public long OutputHeadStride;

    /// <summary>Elements from one token to the next.</summary>
    public long OutputTokenStride;

    /// <summary>float [batch * heads, queryTokens], natural logarithm; 0 for none.</summary>
    public ulong LogSumExp;

    /// <summary>float [batch * heads, queryPaddedSlots], added to LogSumExp; 0 for none.</summary>
    public ulong RowConstants;

    /// <summary>Format of the output.</summary>
    public TensorFormat OutputFormat;

    /// <summary>Heads of a sequence.</summary>
    public int Heads;

    /// <summary>1 or Heads.</summary>
    public int OrderHeads;

    /// <summary>1 or Heads.</summary>
    public int MaskHeads;

    /// <summary>Block rows of the mask.</summary>
    public int MaskRows;

    /// <summary>Slots of a block row: a multiple of the kernel's rows.</summary>
    public int MaskRowSlots;

    /// <summary>Query slots, padding of the order included.</summary>
    public int QuerySlots;

    /// <summary>QuerySlots rounded up to a multiple of 128.</summary>
    public int QueryPaddedSlots;

    /// <summary>Query tokens.</summary>
    public int QueryTokens;

    /// <summary>QuerySlots / rows of the kernel, rounded up.</summary>
    public int QueryTiles;

    /// <summary>Key slots, padding of the order included.</summary>
    public int KeySlots;

    /// <summary>KeySlots rounded up to a multiple of 128.</summary>
    public int KeyPaddedSlots;

    /// <summary>KeySlots / 64, rounded up.</summary>
    public int KeyBlocks;

    /// <summary>Channels of the output.</summary>
    public int Channels;

    /// <summary>Groups of value scales of a head.</summary>
    public int ValueGroups;

    /// <summary>Key blocks that share a value scale; 0 for one group.</summary>
    public int ValueGroupBlocks;

    /// <summary>1: P against the row maximum of the tile; 0: against the running maximum.</summary>
    public int TileReference;

    /// <summary>Softmax scale times log2(e).</summary>
    public float ScoreScale;

    /// <summary>Code of a probability of 1: 255, 127, 448; 1 for bfloat16.</summary>
    public float CodeOfOne;

    /// <summary>0.</summary>
    public int Reserved;
}
