using Tessera.Neural.Checkpoints;

namespace Tessera.Wan.Text;

/// <summary>
/// Ids as Wan's text encoder reads them: the Unigram ids, cut so that the end mark still fits, and the end mark. Immutable and safe for
/// concurrent use.
/// </summary>
public sealed class PromptTokenizer
{
    /// <summary>Tokens that Wan2.1 gives a prompt, the end mark included.</summary>
    public const int DefaultMaximumLength = 512;

    /// <summary>Makes a tokenizer.</summary>
    /// <exception cref="CheckpointFormatException">The model has no end mark.</exception>
    public PromptTokenizer(UnigramTokenizer unigram)
    {
        ArgumentNullException.ThrowIfNull(unigram);
        SentencePieceModel model = unigram.Model;
        if (model.EndId < 0 || model.EndId >= model.Pieces.Count || model.Pieces[model.EndId].Kind != SentencePieceKind.Control)
        {
            throw new CheckpointFormatException(
                $"{model.Source}: id {model.EndId} of {model.Pieces.Count} is no end mark, which a text encoder needs; "
                    + "this is another model's tokenizer.");
        }

        Unigram = unigram;
    }

    /// <summary>The tokenizer below.</summary>
    public UnigramTokenizer Unigram { get; }

    /// <summary>Id of the end mark.</summary>
    public int EndId => Unigram.Model.EndId;

    /// <summary>Reads a SentencePiece model.</summary>
    /// <exception cref="CheckpointFormatException">The file is damaged, or no Unigram model with an end mark.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static PromptTokenizer Load(string path) => new(UnigramTokenizer.Load(path));

    /// <summary>
    /// The ids of a cleaned prompt, with the end mark and without padding: 1 to <paramref name="maximumLength"/> of them.
    /// </summary>
    /// <param name="prompt">The prompt; see <see cref="PromptCleaner"/>.</param>
    /// <param name="maximumLength">Most ids, the end mark included.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is below 1.</exception>
    public int[] Encode(string prompt, int maximumLength = DefaultMaximumLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maximumLength, 1);
        ReadOnlySpan<int> ids = Unigram.Encode(prompt);
        return [.. ids[..Math.Min(ids.Length, maximumLength - 1)], EndId];
    }

    /// <summary>Refuses a tokenizer that belongs to another text encoder.</summary>
    /// <param name="embeddingRows">Rows of the encoder's embedding.</param>
    /// <exception cref="CheckpointFormatException">The vocabulary has ids that the embedding lacks.</exception>
    public void RequireVocabulary(long embeddingRows)
    {
        int count = Unigram.Model.Pieces.Count;
        if (count > embeddingRows)
        {
            throw new CheckpointFormatException(
                $"{Unigram.Model.Source}: the tokenizer has {count} pieces, the text encoder {embeddingRows} embeddings; they belong to "
                    + "different models.");
        }
    }
}
