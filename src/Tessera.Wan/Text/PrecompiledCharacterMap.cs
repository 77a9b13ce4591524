using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Tessera.Neural.Checkpoints;

namespace Tessera.Wan.Text;

/// <summary>
/// The character map of a SentencePiece model: sequences of UTF-8 bytes and what replaces them, as a double-array trie with the
/// replacements behind it. Immutable.
/// </summary>
/// <remarks>
/// Layout: u32 bytes of the trie, the trie's u32 units, then replacements that end with a zero byte. A unit holds in bits 0 to 7 its
/// label, in bit 8 whether a rule ends here, in bits 10 to 30 the offset of its children (shifted by 8 more when bit 9 is set); the unit
/// of a rule's end has bit 31 and holds the byte where its replacement starts. Layout: darts-clone; google/sentencepiece,
/// <c>normalizer.cc</c>.
/// </remarks>
internal sealed class PrecompiledCharacterMap
{
    /// <summary>Longest key that is searched and longest replacement; those of nmt_nfkc have some tens of bytes.</summary>
    public const int MaximumRule = 1024;

    private const uint LeafBit = 1u << 8;
    private const uint LabelMask = 0x800000FF;
    private const uint ValueMask = 0x7FFFFFFF;

    private readonly uint[] _units;
    private readonly byte[] _replacements;

    private PrecompiledCharacterMap(uint[] units, byte[] replacements)
    {
        _units = units;
        _replacements = replacements;
    }

    /// <summary>Reads a map.</summary>
    /// <exception cref="CheckpointFormatException">Its lengths do not fit.</exception>
    public static PrecompiledCharacterMap Read(ReadOnlySpan<byte> content, string source)
    {
        uint trieLength = content.Length >= 4 ? BinaryPrimitives.ReadUInt32LittleEndian(content) : 0;
        if (trieLength is 0 || trieLength % 4 != 0 || trieLength > content.Length - 4)
        {
            throw new CheckpointFormatException(
                $"{source}: the character map says that its trie has {trieLength} bytes; wanted a multiple of 4 within {content.Length}.");
        }

        uint[] units = MemoryMarshal.Cast<byte, uint>(content.Slice(4, (int)trieLength)).ToArray();
        byte[] replacements = content[(4 + (int)trieLength)..].ToArray();
        int start = 0;
        while (start < replacements.Length)
        {
            int length = replacements.AsSpan(start).IndexOf((byte)0);
            if (length is < 0 or > MaximumRule)
            {
                throw new CheckpointFormatException(
                    $"{source}: the character map has a replacement at byte {start} without an end or of more than {MaximumRule} bytes.");
            }

            start += length + 1;
        }

        return new PrecompiledCharacterMap(units, replacements);
    }

    /// <summary>The longest rule whose key starts the text.</summary>
    /// <param name="text">UTF-8.</param>
    /// <param name="length">Bytes of the key, or 0 when no rule fits.</param>
    /// <returns>What replaces the key.</returns>
    public ReadOnlySpan<byte> Match(ReadOnlySpan<byte> text, out int length)
    {
        length = 0;
        uint found = 0;
        uint position = Offset(_units[0]);
        int limit = Math.Min(text.Length, MaximumRule);
        for (int i = 0; i < limit; i++)
        {
            position ^= text[i];
            if (position >= (uint)_units.Length)
            {
                break;
            }

            uint unit = _units[position];
            if ((unit & LabelMask) != text[i])
            {
                break;
            }

            position ^= Offset(unit);
            if ((unit & LeafBit) != 0 && position < (uint)_units.Length)
            {
                length = i + 1;
                found = _units[position] & ValueMask;
            }
        }

        if (length == 0 || found >= (uint)_replacements.Length)
        {
            length = 0;
            return default;
        }

        ReadOnlySpan<byte> replacement = _replacements.AsSpan((int)found);
        return replacement[..replacement.IndexOf((byte)0)];
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & (1u << 9)) >> 6);
}
