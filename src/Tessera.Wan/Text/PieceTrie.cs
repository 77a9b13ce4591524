using System.Numerics;
using System.Text;

namespace Tessera.Wan.Text;

/// <summary>
/// A prefix tree over the UTF-8 bytes of a vocabulary: one open-addressed table from (node, byte) to node. Built in one pass over the
/// pieces, about 16 bytes a node; a step is one probe on average. Immutable.
/// </summary>
internal sealed class PieceTrie
{
    /// <summary>No such node, or no piece at a node.</summary>
    public const int None = -1;

    /// <summary>Where every search starts.</summary>
    public const int Root = 0;

    private const ulong Multiplier = 0x9E3779B97F4A7C15;
    private readonly List<int> _pieceOfNode = [None];
    private ulong[] _keys = new ulong[1 << 10];
    private int[] _nodes = new int[1 << 10];
    private int _shift = 64 - 10;

    /// <summary>Adds all pieces that text can be cut into.</summary>
    public PieceTrie(IReadOnlyList<SentencePiece> pieces)
    {
        Span<byte> bytes = stackalloc byte[SentencePieceModel.MaximumPieceLength];
        for (int id = 0; id < pieces.Count; id++)
        {
            if (pieces[id].Kind is SentencePieceKind.Normal or SentencePieceKind.UserDefined)
            {
                int length = Encoding.UTF8.GetBytes(pieces[id].Text, bytes);
                Add(bytes[..length], id);
            }
        }
    }

    /// <summary>The node one byte further, or <see cref="None"/>.</summary>
    public int Step(int node, byte next)
    {
        ulong key = Key(node, next);
        for (int slot = Slot(key); ; slot = (slot + 1) & (_keys.Length - 1))
        {
            ulong stored = _keys[slot];
            if (stored == key)
            {
                return _nodes[slot];
            }

            if (stored == 0)
            {
                return None;
            }
        }
    }

    /// <summary>The piece that ends at a node, or <see cref="None"/>.</summary>
    public int PieceAt(int node) => _pieceOfNode[node];

    // Zero marks an empty slot, so keys start at 1.
    private static ulong Key(int node, byte next) => (((ulong)(uint)node << 8) | next) + 1;

    private int Slot(ulong key) => (int)((key * Multiplier) >> _shift);

    private void Add(ReadOnlySpan<byte> piece, int id)
    {
        int node = Root;
        foreach (byte next in piece)
        {
            int child = Step(node, next);
            if (child == None)
            {
                child = _pieceOfNode.Count;
                _pieceOfNode.Add(None);
                Insert(Key(node, next), child);
            }

            node = child;
        }

        _pieceOfNode[node] = id;
    }

    private void Insert(ulong key, int child)
    {
        if (_pieceOfNode.Count > _keys.Length / 2)
        {
            Grow();
        }

        int slot = Slot(key);
        while (_keys[slot] != 0)
        {
            slot = (slot + 1) & (_keys.Length - 1);
        }

        _keys[slot] = key;
        _nodes[slot] = child;
    }

    private void Grow()
    {
        (ulong[] keys, int[] nodes) = (_keys, _nodes);
        _keys = new ulong[keys.Length * 2];
        _nodes = new int[_keys.Length];
        _shift = 64 - BitOperations.Log2((uint)_keys.Length);
        for (int i = 0; i < keys.Length; i++)
        {
            if (keys[i] != 0)
            {
                Insert(keys[i], nodes[i]);
            }
        }
    }
}
