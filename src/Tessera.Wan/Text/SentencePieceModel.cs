using System.Text;
using Tessera.Neural.Checkpoints;
using Tessera.Serialization;

namespace Tessera.Wan.Text;

/// <summary>
/// A SentencePiece Unigram model (<c>spiece.model</c>): pieces with scores, special ids, and how text is normalised. Immutable.
/// </summary>
/// <remarks>
/// The file is a protobuf message and is read as data only. Nothing in it is trusted: piece kinds, scores, lengths and the character map
/// are checked, and a fault is one <see cref="CheckpointFormatException"/>. Format: google/sentencepiece,
/// <c>sentencepiece_model.proto</c>.
/// </remarks>
public sealed class SentencePieceModel
{
    /// <summary>Largest file that is read; umT5's has 4.5 MB.</summary>
    public const int MaximumFileLength = 64 << 20;

    /// <summary>Longest piece in UTF-8 bytes; keeps encoding linear whatever the file says.</summary>
    public const int MaximumPieceLength = 1024;

    private const int UnigramModel = 1;
    private const int Utf8ByteCount = 256;
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly SentencePiece[] _pieces;

    private SentencePieceModel(ReadOnlySpan<byte> content, string source)
    {
        Source = source;
        List<SentencePiece> pieces = [];
        ProtobufReader reader = new(content, source);
        ReadOnlySpan<byte> characterMap = default;
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case 1:
                    pieces.Add(ReadPiece(reader.RequireBytes(), pieces.Count));
                    break;
                case 2:
                    ReadTrainer(reader.RequireBytes());
                    break;
                case 3:
                    characterMap = ReadNormalizer(reader.RequireBytes());
                    break;
                default:
                    break;
            }
        }

        _pieces = [.. pieces];
        CharacterMap = characterMap.Length == 0 ? null : PrecompiledCharacterMap.Read(characterMap, source);
        UnknownId = FindUnknown();
        RequireDistinctPieces();
        ByteIds = HasByteFallback ? FindBytes() : [];
    }

    /// <summary>Path or name, for messages.</summary>
    public string Source { get; }

    /// <summary>The vocabulary in order of ids.</summary>
    public IReadOnlyList<SentencePiece> Pieces => _pieces;

    /// <summary>Name of the normalisation, such as <c>nmt_nfkc</c>.</summary>
    public string NormalizerName { get; private set; } = "";

    /// <summary>Whether unknown characters become their bytes.</summary>
    public bool HasByteFallback { get; private set; }

    /// <summary>Id for unknown characters.</summary>
    public int UnknownId { get; }

    /// <summary>Id of the end of a sequence, or -1.</summary>
    public int EndId { get; private set; } = 2;

    /// <summary>Id of the beginning of a sequence, or -1.</summary>
    public int BeginId { get; private set; } = 1;

    /// <summary>Id of padding, or -1.</summary>
    public int PaddingId { get; private set; } = -1;

    /// <summary>Whether the special ids are those of umT5, Wan's text encoder: padding 0, end 1, unknown 3.</summary>
    public bool HasUmt5Layout => (PaddingId, EndId, UnknownId) == (0, 1, 3);

    internal bool AddsDummyPrefix { get; private set; } = true;

    internal bool RemovesExtraWhitespace { get; private set; } = true;

    internal bool EscapesWhitespace { get; private set; } = true;

    internal bool WhitespaceIsSuffix { get; private set; }

    internal PrecompiledCharacterMap? CharacterMap { get; }

    /// <summary>Ids of the 256 byte pieces; empty without byte fallback.</summary>
    internal int[] ByteIds { get; }

    /// <summary>Reads a model file.</summary>
    /// <exception cref="CheckpointFormatException">The file is damaged or is no Unigram model; the message says how.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static SentencePieceModel Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            return Parse(RegularFile.ReadAll(path, MaximumFileLength, "a SentencePiece model"), path);
        }
        catch (TensorFormatException error)
        {
            throw new CheckpointFormatException(error.Message, error);
        }
    }

    /// <summary>Reads a model that is in memory; a checkpoint can carry one as a tensor.</summary>
    /// <param name="content">The file.</param>
    /// <param name="source">Name for messages.</param>
    /// <exception cref="CheckpointFormatException">The content is damaged or is no Unigram model; the message says how.</exception>
    public static SentencePieceModel Parse(ReadOnlySpan<byte> content, string source = "memory")
    {
        ArgumentNullException.ThrowIfNull(source);
        return content.Length > 0 && content[0] == (byte)'{'
            ? throw new CheckpointFormatException(
                $"{source}: this is JSON, perhaps tokenizer.json; wanted the SentencePiece model beside it (spiece.model).")
            : new SentencePieceModel(content, source);
    }

    private SentencePiece ReadPiece(ReadOnlySpan<byte> message, int id)
    {
        ReadOnlySpan<byte> text = default;
        float score = 0;
        long kind = 1;
        ProtobufReader reader = new(message, Source);
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case 1:
                    text = reader.RequireBytes();
                    break;
                case 2:
                    score = reader.RequireSingle();
                    break;
                case 3:
                    kind = reader.RequireInteger();
                    break;
                default:
                    break;
            }
        }

        if (text.Length is 0 or > MaximumPieceLength || kind is < 1 or > 6 || !float.IsFinite(score))
        {
            throw Fault($"piece {id} has {text.Length} bytes, score {score} and type {kind}; "
                + $"wanted 1 to {MaximumPieceLength} bytes, a finite score and a type from 1 to 6");
        }

        try
        {
            return new SentencePiece(StrictUtf8.GetString(text), score, (SentencePieceKind)kind);
        }
        catch (DecoderFallbackException error)
        {
            throw new CheckpointFormatException($"{Source}: piece {id} is not valid UTF-8.", error);
        }
    }

    private void ReadTrainer(ReadOnlySpan<byte> message)
    {
        ProtobufReader reader = new(message, Source);
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case 3 when reader.RequireInteger() != UnigramModel:
                    throw Fault($"the model is of type {reader.RequireInteger()} (2 is BPE, 3 word, 4 character); wanted 1, Unigram");
                case 24:
                    WhitespaceIsSuffix = reader.RequireInteger() != 0;
                    break;
                case 35:
                    HasByteFallback = reader.RequireInteger() != 0;
                    break;
                case 41:
                    BeginId = (int)reader.RequireInteger();
                    break;
                case 42:
                    EndId = (int)reader.RequireInteger();
                    break;
                case 43:
                    PaddingId = (int)reader.RequireInteger();
                    break;
                default:
                    break;
            }
        }
    }

    private ReadOnlySpan<byte> ReadNormalizer(ReadOnlySpan<byte> message)
    {
        ReadOnlySpan<byte> characterMap = default;
        ProtobufReader reader = new(message, Source);
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case 1:
                    NormalizerName = Encoding.UTF8.GetString(reader.RequireBytes());
                    break;
                case 2:
                    characterMap = reader.RequireBytes();
                    break;
                case 3:
                    AddsDummyPrefix = reader.RequireInteger() != 0;
                    break;
                case 4:
                    RemovesExtraWhitespace = reader.RequireInteger() != 0;
                    break;
                case 5:
                    EscapesWhitespace = reader.RequireInteger() != 0;
                    break;
                default:
                    break;
            }
        }

        return characterMap;
    }

    private int FindUnknown()
    {
        int[] unknown = [.. Enumerable.Range(0, _pieces.Length).Where(id => _pieces[id].Kind == SentencePieceKind.Unknown)];
        return unknown is [int id]
            ? id
            : throw Fault($"{_pieces.Length} pieces hold {unknown.Length} of type unknown; wanted one, so this is no SentencePiece model");
    }

    private void RequireDistinctPieces()
    {
        HashSet<string> seen = new(_pieces.Length, StringComparer.Ordinal);
        for (int id = 0; id < _pieces.Length; id++)
        {
            if (!seen.Add(_pieces[id].Text))
            {
                throw Fault($"piece {id} repeats the text of an earlier one");
            }
        }
    }

    private int[] FindBytes()
    {
        Dictionary<string, int> bytes = new(StringComparer.Ordinal);
        for (int id = 0; id < _pieces.Length; id++)
        {
            if (_pieces[id].Kind == SentencePieceKind.Byte)
            {
                bytes.Add(_pieces[id].Text, id);
            }
        }

        int[] ids = new int[Utf8ByteCount];
        for (int value = 0; value < ids.Length; value++)
        {
            ids[value] = bytes.TryGetValue($"<0x{value:X2}>", out int id)
                ? id
                : throw Fault($"byte fallback is on, but there is no byte piece <0x{value:X2}>");
        }

        return ids;
    }

    private CheckpointFormatException Fault(string fault) => new($"{Source}: {fault}.");
}
