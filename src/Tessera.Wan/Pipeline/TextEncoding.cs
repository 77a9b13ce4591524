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
    /// <summary>Encodes.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="negative">The negative prompt, or null where the guidance needs none.</param>
    /// <param name="done">Receives the share that is done.</param>
    /// <param name="cancellationToken">Polled between blocks of the encoder.</param>
    public EncodedPrompts Run(string prompt, string? negative, Action<double> done, CancellationToken cancellationToken)
    {
        (Checkpoint weights, Umt5Config config) = model.OpenTextEncoder();
        using (weights)
        {
            Umt5Encoder encoder = new(weights, config);
            EncodedPrompt first = Encode(encoder, prompt, cancellationToken);
            done(negative is null ? 1 : 0.5);
            EncodedPrompt? second = negative is null ? null : Encode(encoder, negative, cancellationToken);
            done(1);
            return new EncodedPrompts(first, second);
        }
    }

    private EncodedPrompt Encode(Umt5Encoder encoder, string text, CancellationToken cancellationToken)
    {
        string clean = PromptCleaner.Clean(text);
        int[] ids = tokenizer.Encode(clean, textLength);
        int dropped = tokenizer.Unigram.Encode(clean).Length + 1 - ids.Length;
        return new EncodedPrompt(encoder.Encode(ids, threads, cancellationToken), ids.Length, dropped);
    }
}
