using System.Buffers.Binary;
using System.Text;
using Tessera.Wan.Text;

namespace Tessera.Wan.Initialization;

/// <summary>
/// The SentencePiece model of a random checkpoint: umT5's special ids, the 256 bytes, U+2581 and the printable characters of ASCII. Any
/// text has ids, all of them below 512.
/// </summary>
internal static class ByteTokenizerModel
{
    /// <summary>The model file.</summary>
    public static byte[] Write()
    {
        using MemoryStream file = new();
        foreach ((string name, SentencePieceKind kind) in Special)
        {
            Piece(file, name, 0, kind);
        }

        for (int value = 0; value < 256; value++)
        {
            Piece(file, $"<0x{value:X2}>", 0, SentencePieceKind.Byte);
        }

        Piece(file, "\u2581", -1, SentencePieceKind.Normal);
        for (char character = '!'; character <= '~'; character++)
        {
            Piece(file, character.ToString(), -2, SentencePieceKind.Normal);
        }

        // Unigram, byte fallback, and the ids of unknown, begin, end and padding.
        byte[] trainer = [.. Integer(3, 1), .. Integer(35, 1), .. Integer(40, 3), .. Integer(41, 2), .. Integer(42, 1), .. Integer(43, 0)];
        file.Write(Bytes(2, trainer));
        file.Write(Bytes(3, Bytes(1, "identity"u8)));
        return file.ToArray();
    }

    private static (string Name, SentencePieceKind Kind)[] Special =>
    [
        ("<pad>", SentencePieceKind.Control), ("</s>", SentencePieceKind.Control), ("<s>", SentencePieceKind.Control),
        ("<unk>", SentencePieceKind.Unknown),
    ];

    private static void Piece(MemoryStream file, string text, float score, SentencePieceKind kind)
    {
        byte[] number = new byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(number, score);
        byte[] name = Bytes(1, Encoding.UTF8.GetBytes(text));
        file.Write(Bytes(1, [.. name, Tag(2, ProtobufWire.Fixed32), .. number, .. Integer(3, (int)kind)]));
    }

    private static byte[] Integer(int field, int value) => [.. Varint((uint)(field << 3)), .. Varint((uint)value)];

    private static byte[] Bytes(int field, ReadOnlySpan<byte> content) =>
        [Tag(field, ProtobufWire.Bytes), .. Varint((uint)content.Length), .. content];

    private static byte Tag(int field, ProtobufWire wire) => (byte)((field << 3) | (int)wire);

    private static byte[] Varint(uint value)
    {
        List<byte> bytes = [];
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        return [.. bytes, (byte)value];
    }
}
