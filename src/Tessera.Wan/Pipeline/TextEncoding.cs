using Tessera.Neural.Checkpoints;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.Text;
using Tessera.Wan.TextEncoder;

namespace Tessera.Wan.Pipeline;

/// <summary>
/// First stage: cleans, tokenises and encodes the prompts. The text encoder, the largest part of a model, is open during this stage only;
/// its pages are unmapped before denoising begins.
/// </summary>
internal sealed class TextEncoding(WanCheckpoint model, PromptTokenizer tokenizer, int textLength, int threads)
{
    /// <summary>Hears of finished layers of the encoder.</summary>
    public IProgress<int>? LayersDone { get; init; }

    /// <summary>Encodes.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="negative">The negative prompt, or null where the guidance needs none.</param>
    /// <param name="cancellationToken">Polled between blocks of the encoder.</param>
    public EncodedPrompts Run(string prompt, string? negative, CancellationToken cancellationToken)
    {
        (Checkpoint weights, Umt5Config config) = model.OpenTextEncoder();
        using (weights)
        {
            Umt5Encoder encoder = new(weights, config);
            Tokens[] prompts = negative is null ? [Tokenize(prompt)] : [Tokenize(prompt), Tokenize(negative)];

            // One pass over the weights, which are most of the work, serves both prompts.
            float[][] rows = encoder.EncodeAll([.. prompts.Select(static tokens => tokens.Ids)], threads, LayersDone, cancellationToken);
            return new EncodedPrompts(Encoded(prompts[0], rows[0]), negative is null ? null : Encoded(prompts[1], rows[1]));
        }
    }

    private static EncodedPrompt Encoded(Tokens tokens, float[] rows) => new(rows, tokens.Ids.Length, tokens.Dropped);

    /// <summary>Cleans and cuts a prompt as the encoder reads it.</summary>
    public static Tokens Tokenize(PromptTokenizer tokenizer, string text, int length)
    {
        string clean = PromptCleaner.Clean(text);
        int[] ids = tokenizer.Encode(clean, length);
        return new Tokens(ids, tokenizer.Unigram.Encode(clean).Length + 1 - ids.Length);
    }

    private Tokens Tokenize(string text) => Tokenize(tokenizer, text, textLength);

    /// <summary>Ids of a prompt, and how many did not fit.</summary>
    internal readonly record struct Tokens(int[] Ids, int Dropped);
}
