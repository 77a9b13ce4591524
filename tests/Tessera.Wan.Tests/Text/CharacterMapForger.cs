using System.Runtime.InteropServices;
using System.Text;

namespace Tessera.Wan.Tests.Text;

/// <summary>
/// Builds the double-array trie of a character map by first fit. A node's children stand at its base XOR their byte; the end of a rule stands at
/// the base itself, as byte 0.
/// </summary>
internal sealed class CharacterMapForger
{
    private readonly List<uint> _units = [.. new uint[1024]];
    private readonly HashSet<int> _taken = [0];

    // Two nodes with one base would see each other's children.
    private readonly HashSet<int> _bases = [];
    private readonly List<byte> _replacements = [];

    public CharacterMapForger(params (string Key, string Replacement)[] rules)
    {
        List<(byte[] Key, int Value)> keys = [];
        foreach ((string key, string replacement) in rules)
        {
            keys.Add((Encoding.UTF8.GetBytes(key), _replacements.Count));
            _replacements.AddRange([.. Encoding.UTF8.GetBytes(replacement), 0]);
        }

        Place(0, label: 0, keys, depth: 0);
    }

    public byte[] ToArray()
    {
        byte[] trie = MemoryMarshal.AsBytes<uint>(_units.ToArray()).ToArray();
        return [.. BitConverter.GetBytes(trie.Length), .. trie, .. _replacements];
    }

    private void Place(int unit, byte label, List<(byte[] Key, int Value)> keys, int depth)
    {
        bool ends = keys.Any(key => key.Key.Length == depth);
        byte[] children = [.. keys.Where(key => key.Key.Length > depth).Select(key => key.Key[depth]).Distinct()];
        int at = 1;
        while (_bases.Contains(at) || (ends && _taken.Contains(at)) || children.Any(child => _taken.Contains(at ^ child)))
        {
            at++;
        }

        _bases.Add(at);
        _units[unit] = label | (ends ? 1u << 8 : 0) | ((uint)(at ^ unit) << 10);
        if (ends)
        {
            _taken.Add(at);
            _units[at] = (1u << 31) | (uint)keys.Single(key => key.Key.Length == depth).Value;
        }

        foreach (byte child in children)
        {
            _taken.Add(at ^ child);
        }

        foreach (byte child in children)
        {
            Place(at ^ child, child, [.. keys.Where(key => key.Key.Length > depth && key.Key[depth] == child)], depth + 1);
        }
    }
}
