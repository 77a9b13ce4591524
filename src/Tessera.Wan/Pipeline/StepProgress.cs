namespace Tessera.Wan.Pipeline;

/// <summary>How far a generation has come.</summary>
/// <param name="Stage">Stage at work.</param>
/// <param name="Step">Denoising steps done.</param>
/// <param name="Total">Denoising steps in all.</param>
/// <param name="Fraction">Share of the whole generation that is done, by expected time, 0 to 1.</param>
/// <param name="Elapsed">Time since the generation began or was resumed.</param>
/// <param name="Remaining">Expected time to the end; null until something has been measured.</param>
public readonly record struct StepProgress(
    GenerationStage Stage, int Step, int Total, double Fraction, TimeSpan Elapsed, TimeSpan? Remaining)
{
    /// <summary>What self-attention runs in the step at work, for example <c>dense warm-up</c>; of text encoding, the layer at work, for
    /// example <c>layer 5/24</c>.</summary>
    public string Phase { get; init; } = "";

    /// <summary>Where the time of the last step went; null before the first and within steps.</summary>
    public StepTiming? LastStep { get; init; }

    /// <summary>Largest resident memory of the process so far, mapped weights included.</summary>
    public long PeakMemoryBytes { get; init; }
}
