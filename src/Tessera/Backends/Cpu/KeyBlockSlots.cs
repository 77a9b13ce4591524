using Tessera.Layout;

namespace Tessera.Backends.Cpu;

/// <summary>How many keys each key block of one token order holds, and whether they stand first. Immutable.</summary>
internal sealed class KeyBlockSlots
{
    private readonly int[] _extent;
    private readonly int[] _keys;
    private readonly bool[] _hasHoles;

    public KeyBlockSlots(TokenOrder? order, int keySlots, int keyBlock)
    {
        int blocks = CeilingDivision.Of(keySlots, keyBlock);
        _extent = new int[blocks];
        _keys = new int[blocks];
        _hasHoles = new bool[blocks];
        for (int block = 0; block < blocks; block++)
        {
            int first = block * keyBlock;
            int slots = Math.Min(keyBlock, keySlots - first);
            for (int i = 0; i < slots; i++)
            {
                if (order is null || order.TokenAt(first + i) >= 0)
                {
                    _hasHoles[block] |= _extent[block] != i;
                    _extent[block] = i + 1;
                    _keys[block]++;
                }
            }
        }
    }

    /// <summary>Slots of a block up to its last key.</summary>
    public int Extent(int block) => _extent[block];

    /// <summary>Keys of a block.</summary>
    public int Keys(int block) => _keys[block];

    /// <summary>Whether padding stands before a key of the block.</summary>
    public bool HasHoles(int block) => _hasHoles[block];
}
