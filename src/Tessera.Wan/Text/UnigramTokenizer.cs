using System.Buffers;
using System.Text;
using Tessera.Neural.Checkpoints;

namespace Tessera.Wan.Text;

/// <summary>
/// SentencePiece Unigram: text becomes the sequence of pieces with the largest sum of scores (Kudo, "Subword Regularization", 2018,
/// section 3.2, best segmentation). Linear in the length of the text. Immutable and safe for concurrent use.
/// </summary>
/// <remarks>
/// Ties and roundings are those of google/sentencepiece 0.1.97: scores add up in binary64 and the best one of a position is stored as
/// binary32; of two equal candidates the earlier start wins. A character that no piece covers alone may become unknown at 10 below the
/// smallest score; neighbouring unknown characters become one unknown id, or each its UTF-8 bytes where the model has byte pieces. A
/// piece that the user demanded scores its bytes times the largest score (never below the smallest binary32 number) less 0.1, which is
/// never beaten.
/// </remarks>
public sealed class UnigramTokenizer
{
    /// <summary>Longest text in UTF-8 bytes.</summary>
    public const int MaximumTextLength = 64 << 20;

    private const float UnknownPenalty = 10;
    private const double UserDefinedPenalty = 0.1;

    // The smallest positive normal number: what the largest score starts from.
    private const float SmallestMaximum = 1.17549435e-38f;

    private readonly PieceTrie _trie;
    private readonly TextNormalizer _normalizer;
    private readonly double[] _scores;
    private readonly bool[] _isUserDefined;
    private readonly float _largest = SmallestMaximum;
    private readonly float _unknownScore;

    /// <summary>Makes a tokenizer of a model.</summary>
    public UnigramTokenizer(SentencePieceModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        Model = model;
        _trie = new PieceTrie(model.Pieces);
        _normalizer = new TextNormalizer(model);
        _scores = new double[model.Pieces.Count];
        _isUserDefined = new bool[model.Pieces.Count];
        float smallest = float.MaxValue;
        for (int id = 0; id < _scores.Length; id++)
        {
            SentencePiece piece = model.Pieces[id];
            _scores[id] = piece.Score;
            _isUserDefined[id] = piece.Kind == SentencePieceKind.UserDefined;
            if (piece.Kind == SentencePieceKind.Normal)
            {
                smallest = Math.Min(smallest, piece.Score);
                _largest = Math.Max(_largest, piece.Score);
            }
        }

        _unknownScore = smallest - UnknownPenalty;
    }

    /// <summary>The model.</summary>
    public SentencePieceModel Model { get; }

    /// <summary>Reads a model file and makes its tokenizer.</summary>
    /// <exception cref="CheckpointFormatException">The file is damaged or is no Unigram model; the message says how.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static UnigramTokenizer Load(string path) => new(SentencePieceModel.Load(path));

    /// <summary>Cuts a text into pieces.</summary>
    /// <param name="text">Any text; unpaired surrogates become U+FFFD.</param>
    /// <returns>Ids, without begin, end or padding; empty for text that is empty or only spaces.</returns>
    /// <exception cref="ArgumentException">The text exceeds <see cref="MaximumTextLength"/>.</exception>
    public int[] Encode(string text)
    {
        ReadOnlySpan<byte> normalized = _normalizer.Normalize(Utf8Of(text));
        List<int> ids = [];
        bool afterUnknown = false;
        foreach ((int start, int length, int id) in Segment(normalized))
        {
            bool isUnknown = id == Model.UnknownId;
            if (isUnknown && Model.HasByteFallback)
            {
                foreach (byte value in normalized.Slice(start, length))
                {
                    ids.Add(Model.ByteIds[value]);
                }
            }
            else if (!isUnknown || !afterUnknown)
            {
                ids.Add(id);
            }

            afterUnknown = isUnknown;
        }

        return [.. ids];
    }

    /// <summary>The text as the model sees it: normalised, with U+2581 for spaces.</summary>
    /// <exception cref="ArgumentException">The text exceeds <see cref="MaximumTextLength"/>.</exception>
    public string Normalize(string text) => Encoding.UTF8.GetString(_normalizer.Normalize(Utf8Of(text)));

    private static byte[] Utf8Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int length = Encoding.UTF8.GetByteCount(text);
        return length <= MaximumTextLength
            ? Encoding.UTF8.GetBytes(text)
            : throw new ArgumentException($"The text has {length} bytes; at most {MaximumTextLength} are tokenized.", nameof(text));
    }

    /// <summary>
    /// Viterbi search: the best path to each character's start, extended by every piece that matches there, then followed back.
    /// </summary>
    private Step[] Segment(ReadOnlySpan<byte> text)
    {
        float[] best = ArrayPool<float>.Shared.Rent(text.Length + 1);
        int[] starts = ArrayPool<int>.Shared.Rent(text.Length + 1);
        int[] ids = ArrayPool<int>.Shared.Rent(text.Length + 1);
        try
        {
            starts.AsSpan(0, text.Length + 1).Fill(-1);
            best[0] = 0;
            for (int start = 0; start < text.Length;)
            {
                int character = CharacterLength(text, start);
                Extend(text, start, character, best, starts, ids);
                start += character;
            }

            return Follow(text.Length, starts, ids);
        }
        finally
        {
            ArrayPool<float>.Shared.Return(best);
            ArrayPool<int>.Shared.Return(starts);
            ArrayPool<int>.Shared.Return(ids);
        }
    }

    private void Extend(ReadOnlySpan<byte> text, int start, int character, float[] best, int[] starts, int[] ids)
    {
        double here = best[start];
        bool coversCharacter = false;
        int node = PieceTrie.Root;
        for (int end = start + 1; end <= text.Length && (node = _trie.Step(node, text[end - 1])) != PieceTrie.None; end++)
        {
            int id = _trie.PieceAt(node);
            if (id == PieceTrie.None)
            {
                continue;
            }

            int length = end - start;
            double score = _isUserDefined[id] ? (length * _largest) - UserDefinedPenalty : _scores[id];
            coversCharacter |= length == character;
            Offer(end, score + here, start, id, best, starts, ids);
        }

        if (!coversCharacter)
        {
            Offer(start + character, _unknownScore + best[start], start, Model.UnknownId, best, starts, ids);
        }
    }

    private static void Offer(int end, double candidate, int start, int id, float[] best, int[] starts, int[] ids)
    {
        if (starts[end] < 0 || candidate > best[end])
        {
            best[end] = (float)candidate;
            starts[end] = start;
            ids[end] = id;
        }
    }

    private static Step[] Follow(int length, int[] starts, int[] ids)
    {
        int count = 0;
        for (int end = length; end > 0; end = starts[end])
        {
            count++;
        }

        Step[] steps = new Step[count];
        for (int end = length; end > 0; end = starts[end])
        {
            steps[--count] = new Step(starts[end], end - starts[end], ids[end]);
        }

        return steps;
    }

    // The normalised text is valid UTF-8, so the first byte tells the length.
    private static int CharacterLength(ReadOnlySpan<byte> text, int at) =>
        Math.Min(text[at] < 0x80 ? 1 : text[at] < 0xE0 ? 2 : text[at] < 0xF0 ? 3 : 4, text.Length - at);

    private readonly record struct Step(int Start, int Length, int Id);
}
