using System.Buffers;
using System.Text;

namespace Tessera.Wan.Text;

/// <summary>
/// Text as a SentencePiece model wants it: the character map applied, runs of spaces made one, spaces written as U+2581, one in front.
/// </summary>
/// <remarks>
/// Source: google/sentencepiece, <c>normalizer.cc</c>. At each position the longest rule of the character map wins; a character without a
/// rule stays; a byte that is no UTF-8 becomes U+FFFD; pieces that the user demanded are never touched. Immutable.
/// </remarks>
internal sealed class TextNormalizer
{
    private readonly SentencePieceModel _model;
    private readonly PieceTrie? _protected;

    public TextNormalizer(SentencePieceModel model)
    {
        _model = model;
        SentencePiece[] demanded = [.. model.Pieces.Where(static piece => piece.Kind == SentencePieceKind.UserDefined)];
        _protected = demanded.Length > 0 ? new PieceTrie(demanded) : null;
    }

    // U+2581 in UTF-8 where spaces are escaped.
    private ReadOnlySpan<byte> Space => _model.EscapesWhitespace ? "\u2581"u8 : " "u8;

    /// <summary>Normalises UTF-8 text.</summary>
    /// <returns>UTF-8.</returns>
    public ReadOnlySpan<byte> Normalize(ReadOnlySpan<byte> text)
    {
        if (_model.RemovesExtraWhitespace)
        {
            while (text.Length > 0 && Next(text, out int consumed).SequenceEqual(" "u8))
            {
                text = text[consumed..];
            }
        }

        if (text.Length == 0)
        {
            return default;
        }

        ArrayBufferWriter<byte> output = new(text.Length + (text.Length / 2) + 8);
        if (_model.AddsDummyPrefix && !_model.WhitespaceIsSuffix)
        {
            output.Write(Space);
        }

        bool afterSpace = _model.RemovesExtraWhitespace;
        while (text.Length > 0)
        {
            ReadOnlySpan<byte> piece = Next(text, out int consumed);
            text = text[consumed..];
            piece = afterSpace ? piece.TrimStart((byte)' ') : piece;
            if (piece.Length > 0)
            {
                Write(output, piece);
                afterSpace = piece[^1] == ' ' && _model.RemovesExtraWhitespace;
            }
        }

        ReadOnlySpan<byte> result = output.WrittenSpan;
        while (_model.RemovesExtraWhitespace && result.EndsWith(Space))
        {
            result = result[..^Space.Length];
        }

        return _model.WhitespaceIsSuffix && _model.AddsDummyPrefix ? (byte[])[.. result, .. Space] : result;
    }

    /// <summary>What the start of the text becomes, and how much of it that uses up.</summary>
    private ReadOnlySpan<byte> Next(ReadOnlySpan<byte> text, out int consumed)
    {
        if (_protected is not null && LongestProtected(text) is > 0 and int kept)
        {
            consumed = kept;
            return text[..kept];
        }

        if (_model.CharacterMap is { } map)
        {
            ReadOnlySpan<byte> replacement = map.Match(text, out consumed);
            if (consumed > 0)
            {
                return replacement;
            }
        }

        if (Rune.DecodeFromUtf8(text, out _, out int length) == OperationStatus.Done)
        {
            consumed = length;
            return text[..length];
        }

        consumed = 1;
        return "\uFFFD"u8;
    }

    private int LongestProtected(ReadOnlySpan<byte> text)
    {
        int longest = 0;
        int node = PieceTrie.Root;
        for (int i = 0; i < text.Length && (node = _protected!.Step(node, text[i])) != PieceTrie.None; i++)
        {
            longest = _protected.PieceAt(node) == PieceTrie.None ? longest : i + 1;
        }

        return longest;
    }

    private void Write(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> piece)
    {
        if (!_model.EscapesWhitespace)
        {
            output.Write(piece);
            return;
        }

        int space;
        while ((space = piece.IndexOf((byte)' ')) >= 0)
        {
            output.Write(piece[..space]);
            output.Write(Space);
            piece = piece[(space + 1)..];
        }

        output.Write(piece);
    }
}
