using Tessera.Neural.Checkpoints;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.Text;
using Tessera.Wan.TextEncoder;

namespace Tessera.Wan.SelfAttention.Calibration;

/// <summary>Prompts to features. The text encoder, the largest part of a model, is open only while it works.</summary>
public static class CalibrationText
{
    /// <summary>Cleans, tokenises and encodes prompts in one pass over the encoder's weights.</summary>
    /// <param name="model">The checkpoint.</param>
    /// <param name="prompts">Prompts; an empty one is legal.</param>
    /// <param name="textLength">Most tokens of a prompt, the end mark included.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <param name="cancellationToken">Polled between blocks of the encoder.</param>
    /// <exception cref="CheckpointFormatException">The text encoder or the tokenizer is missing or damaged.</exception>
    public static IReadOnlyList<CalibrationPrompt> Encode(
        WanCheckpoint model, IReadOnlyList<string> prompts, int textLength, int threads = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(prompts);
        PromptTokenizer tokenizer = model.OpenTokenizer();
        (Checkpoint weights, Umt5Config config) = model.OpenTextEncoder();
        using (weights)
        {
            tokenizer.RequireVocabulary(config.Vocabulary);
            int[][] ids = [.. prompts.Select(prompt => tokenizer.Encode(PromptCleaner.Clean(prompt), textLength))];
            float[][] rows = new Umt5Encoder(weights, config).EncodeAll(ids, threads, cancellationToken: cancellationToken);
            return [.. prompts.Select((prompt, index) => new CalibrationPrompt(prompt, rows[index], ids[index].Length))];
        }
    }
}
