namespace Tessera.Wan.Pipeline;

/// <summary>Turns finished layers of the text encoder into reports.</summary>
internal sealed class TextProgress(GenerationClock clock, int layers) : IProgress<int>
{
    /// <summary>So many layers are done, of all prompts together.</summary>
    public void Report(int value) => clock.Report(
        GenerationStage.TextEncoding, 0, (double)value / layers,
        FormattableString.Invariant($"layer {Math.Min(value + 1, layers)}/{layers}"), null);
}
