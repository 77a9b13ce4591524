using Tessera.Layout;

namespace Tessera.Masks;

/// <summary>The natural tokens of each block of one side of a mask, as runs and as a list. O(slots) memory.</summary>
internal sealed class BlockTokens
{
    private readonly int _size;
    private readonly int[] _tokens;
    private readonly int[] _firstRun;
    private readonly TokenRun[] _runs;

    /// <summary>Splits the slots of an order into blocks.</summary>
    public BlockTokens(int slots, int size, TokenOrder? order)
    {
        _size = size;
        Count = CeilingDivision.Of(slots, size);
        _tokens = new int[slots];
        for (int slot = 0; slot < slots; slot++)
        {
            _tokens[slot] = order is null ? slot : order.TokenAt(slot);
        }

        List<TokenRun> runs = [];
        _firstRun = new int[Count + 1];
        for (int block = 0; block < Count; block++)
        {
            _firstRun[block] = runs.Count;
            int end = Math.Min(slots, (block + 1) * size);
            for (int slot = block * size; slot < end;)
            {
                int start = slot++;
                if (_tokens[start] < 0)
                {
                    continue;
                }

                while (slot < end && _tokens[slot] == _tokens[slot - 1] + 1)
                {
                    slot++;
                }

                runs.Add(new TokenRun(start, _tokens[start], slot - start));
            }
        }

        _firstRun[Count] = runs.Count;
        _runs = [.. runs];
    }

    /// <summary>Number of blocks.</summary>
    public int Count { get; }

    /// <summary>Runs of a block; none when it holds padding only.</summary>
    public ReadOnlySpan<TokenRun> RunsOf(int block) => _runs.AsSpan(_firstRun[block], _firstRun[block + 1] - _firstRun[block]);

    /// <summary>Token of each slot of a block, negative for padding.</summary>
    public ReadOnlySpan<int> TokensOf(int block) => _tokens.AsSpan(block * _size, Math.Min(_size, _tokens.Length - (block * _size)));

    /// <summary>Tokens of a run.</summary>
    public ReadOnlySpan<int> TokensOf(TokenRun run) => _tokens.AsSpan(run.Slot, run.Count);

    /// <summary>The smallest range of natural tokens around a block that is not empty.</summary>
    public TokenRun HullOf(int block)
    {
        int first = int.MaxValue;
        int last = -1;
        foreach (TokenRun run in RunsOf(block))
        {
            first = Math.Min(first, run.Start);
            last = Math.Max(last, run.Start + run.Count - 1);
        }

        return new TokenRun(block * _size, first, last - first + 1);
    }
}
