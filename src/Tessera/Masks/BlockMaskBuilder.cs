using System.Numerics;
using Tessera.Layout;

namespace Tessera.Masks;

/// <summary>
/// Collects the kept blocks of a <see cref="BlockMask"/>, one bit a block and kind. Mutable; several threads may mark blocks as long as no
/// two of them mark the same block row. What it builds is immutable.
/// </summary>
public sealed class BlockMaskBuilder
{
    private readonly int _words;
    private readonly ulong[] _full;
    private readonly ulong[] _partial;

    /// <summary>Starts with every block empty.</summary>
    /// <param name="heads">Heads with lists of their own; 1 to share one among all heads.</param>
    /// <param name="querySlots">Query slots, padding included.</param>
    /// <param name="keySlots">Key slots, padding included.</param>
    /// <param name="size">Tokens per block.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is below 1.</exception>
    public BlockMaskBuilder(int heads, int querySlots, int keySlots, BlockSize size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(heads, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(querySlots, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(keySlots, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(size.Query, 1, nameof(size));
        ArgumentOutOfRangeException.ThrowIfLessThan(size.Key, 1, nameof(size));
        Heads = heads;
        QuerySlots = querySlots;
        KeySlots = keySlots;
        Size = size;
        QueryBlocks = CeilingDivision.Of(querySlots, size.Query);
        KeyBlocks = CeilingDivision.Of(keySlots, size.Key);
        _words = CeilingDivision.Of(KeyBlocks, 64);
        _full = new ulong[(long)heads * QueryBlocks * _words];
        _partial = new ulong[(long)heads * QueryBlocks * _words];
    }

    /// <summary>Heads with lists of their own.</summary>
    public int Heads { get; }

    /// <summary>Query slots, padding included.</summary>
    public int QuerySlots { get; }

    /// <summary>Key slots, padding included.</summary>
    public int KeySlots { get; }

    /// <summary>Tokens per block.</summary>
    public BlockSize Size { get; }

    /// <summary>Block rows.</summary>
    public int QueryBlocks { get; }

    /// <summary>Block columns.</summary>
    public int KeyBlocks { get; }

    /// <summary>Words of 64 blocks that hold one block row: what <see cref="KeepBits"/> takes.</summary>
    public int RowWords => _words;

    /// <summary>Kept blocks of all heads so far.</summary>
    public long KeptBlocks
    {
        get
        {
            long kept = 0;
            for (int word = 0; word < _full.Length; word++)
            {
                kept += BitOperations.PopCount(_full[word] | _partial[word]);
            }

            return kept;
        }
    }

    /// <summary>Coverage of a block so far.</summary>
    public BlockCoverage this[int head, int queryBlock, int keyBlock]
    {
        get
        {
            (long word, ulong bit) = Locate(head, queryBlock, keyBlock);
            return (_full[word] & bit) != 0
                ? BlockCoverage.Full
                : (_partial[word] & bit) != 0 ? BlockCoverage.Partial : BlockCoverage.Empty;
        }

        set
        {
            (long word, ulong bit) = Locate(head, queryBlock, keyBlock);
            _full[word] = value == BlockCoverage.Full ? _full[word] | bit : _full[word] & ~bit;
            _partial[word] = value == BlockCoverage.Partial ? _partial[word] | bit : _partial[word] & ~bit;
        }
    }

    /// <summary>Marks a block full.</summary>
    public void Keep(int head, int queryBlock, int keyBlock) => this[head, queryBlock, keyBlock] = BlockCoverage.Full;

    /// <summary>Marks every block of every head full.</summary>
    public void KeepAll()
    {
        for (int head = 0; head < Heads; head++)
        {
            for (int row = 0; row < QueryBlocks; row++)
            {
                KeepRow(head, row);
            }
        }
    }

    /// <summary>Marks a block row full.</summary>
    public void KeepRow(int head, int queryBlock) => KeepRange(head, queryBlock, 0, KeyBlocks);

    /// <summary>Marks a block column full.</summary>
    public void KeepColumn(int head, int keyBlock)
    {
        for (int row = 0; row < QueryBlocks; row++)
        {
            Keep(head, row, keyBlock);
        }
    }

    /// <summary>Marks key blocks [<paramref name="start"/>, <paramref name="end"/>) of a row full.</summary>
    public void KeepRange(int head, int queryBlock, int start, int end)
    {
        if (start >= end)
        {
            return;
        }

        (long firstWord, _) = Locate(head, queryBlock, start);
        (long lastWord, _) = Locate(head, queryBlock, end - 1);
        for (long word = firstWord; word <= lastWord; word++)
        {
            ulong bits = ulong.MaxValue;
            bits &= word == firstWord ? ulong.MaxValue << (start & 63) : ulong.MaxValue;
            bits &= word == lastWord ? ulong.MaxValue >> (63 - ((end - 1) & 63)) : ulong.MaxValue;
            _full[word] |= bits;
            _partial[word] &= ~bits;
        }
    }

    /// <summary>Marks the key blocks of a row full whose bits are set.</summary>
    /// <param name="head">Head.</param>
    /// <param name="queryBlock">Block row.</param>
    /// <param name="blocks">One bit a key block, the lowest bit of the first word first; <see cref="RowWords"/> words.</param>
    /// <exception cref="ArgumentException">Another number of words, or a bit beyond the last key block.</exception>
    public void KeepBits(int head, int queryBlock, ReadOnlySpan<ulong> blocks)
    {
        if (blocks.Length != _words)
        {
            throw new ArgumentException($"blocks has {blocks.Length} words; {KeyBlocks} key blocks take {_words}.", nameof(blocks));
        }

        if ((KeyBlocks & 63) != 0 && blocks[^1] >> (KeyBlocks & 63) != 0)
        {
            throw new ArgumentException($"blocks has bits beyond the last of {KeyBlocks} key blocks.", nameof(blocks));
        }

        (long first, _) = Locate(head, queryBlock, 0);
        for (int word = 0; word < _words; word++)
        {
            _full[first + word] |= blocks[word];
            _partial[first + word] &= ~blocks[word];
        }
    }

    /// <summary>Kept blocks of a row so far.</summary>
    public int KeptInRow(int head, int queryBlock)
    {
        long first = (((long)head * QueryBlocks) + queryBlock) * _words;
        int kept = 0;
        for (int word = 0; word < _words; word++)
        {
            kept += BitOperations.PopCount(_full[first + word] | _partial[first + word]);
        }

        return kept;
    }

    /// <summary>
    /// Builds the immutable mask.
    /// </summary>
    /// <param name="predicate">Decides partial blocks; needed exactly when there are any.</param>
    /// <exception cref="InvalidOperationException">Partial blocks exist without a predicate, or more blocks are kept than one array
    /// holds.</exception>
    public BlockMask Build(MaskPredicate? predicate = null)
    {
        if (KeepsAll())
        {
            return BlockMask.KeepingAll(Heads, QuerySlots, KeySlots, Size);
        }

        (int[] fullStart, int[] fullIndices) = Compress(_full);
        (int[] partialStart, int[] partialIndices) = Compress(_partial);
        if (partialIndices.Length > 0 && predicate is null)
        {
            throw new InvalidOperationException($"{partialIndices.Length} partial blocks need a predicate that decides their pairs.");
        }

        return new BlockMask(
            Heads, QuerySlots, KeySlots, Size, fullStart, fullIndices, partialStart, partialIndices,
            partialIndices.Length > 0 ? predicate : null);
    }

    private (long Word, ulong Bit) Locate(int head, int queryBlock, int keyBlock)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(head);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(head, Heads);
        ArgumentOutOfRangeException.ThrowIfNegative(queryBlock);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(queryBlock, QueryBlocks);
        ArgumentOutOfRangeException.ThrowIfNegative(keyBlock);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(keyBlock, KeyBlocks);
        return (((((long)head * QueryBlocks) + queryBlock) * _words) + (keyBlock >> 6), 1UL << (keyBlock & 63));
    }

    private bool KeepsAll()
    {
        ulong last = ulong.MaxValue >> ((_words * 64) - KeyBlocks);
        for (int word = 0; word < _full.Length; word++)
        {
            if (_full[word] != ((word + 1) % _words == 0 ? last : ulong.MaxValue))
            {
                return false;
            }
        }

        return true;
    }

    private (int[] Start, int[] Indices) Compress(ulong[] bits)
    {
        int rows = Heads * QueryBlocks;
        int[] start = new int[rows + 1];
        long total = 0;
        for (int row = 0; row < rows; row++)
        {
            for (int word = 0; word < _words; word++)
            {
                total += BitOperations.PopCount(bits[((long)row * _words) + word]);
            }

            if (total > Array.MaxLength)
            {
                throw new InvalidOperationException(
                    $"The mask keeps more than {Array.MaxLength} blocks; use larger blocks, fewer heads per plan, or a lower density.");
            }

            start[row + 1] = (int)total;
        }

        int[] indices = new int[total];
        int next = 0;
        for (int row = 0; row < rows; row++)
        {
            for (int word = 0; word < _words; word++)
            {
                for (ulong left = bits[((long)row * _words) + word]; left != 0; left &= left - 1)
                {
                    indices[next++] = (word * 64) + BitOperations.TrailingZeroCount(left);
                }
            }
        }

        return (start, indices);
    }
}
