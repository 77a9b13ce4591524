using System.Buffers.Binary;
using System.Text;
using Tessera.Wan.Text;

namespace Tessera.Wan.Tests.Text;

/// <summary>Writes SentencePiece models field by field.</summary>
internal static class ModelForger
{
    /// <summary>A model without a character map; id 0 is the unknown piece, the others follow.</summary>
    public static SentencePieceModel Model(params (string Text, float Score, int Kind)[] pieces) =>
        SentencePieceModel.Parse(File(pieces), "forged");

    public static byte[] File(params (string Text, float Score, int Kind)[] pieces) =>
        [.. Piece("<unk>", 0, 2), .. pieces.SelectMany(static piece => Piece(piece.Text, piece.Score, piece.Kind))];

    public static byte[] Piece(string text, float score, int kind) => Piece(Encoding.UTF8.GetBytes(text), score, kind);

    public static byte[] Piece(byte[] text, float score, int kind)
    {
        byte[] number = new byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(number, score);
        return Bytes(1, [.. Bytes(1, text), 0x15, .. number, .. Integer(3, kind)]);
    }

    public static byte[] Bytes(int field, byte[] content) => [.. Varint((ulong)(field << 3) | 2), .. Varint((ulong)content.Length), .. content];

    public static byte[] Integer(int field, long value) => [.. Varint((ulong)(field << 3)), .. Varint((ulong)value)];

    public static byte[] Varint(ulong value)
    {
        List<byte> bytes = [];
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
        return [.. bytes];
    }
}
