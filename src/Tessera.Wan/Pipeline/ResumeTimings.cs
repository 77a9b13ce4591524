namespace Tessera.Wan.Pipeline;

/// <summary>Times that a resumed generation carries on.</summary>
/// <param name="TextSeconds">Seconds of text encoding.</param>
/// <param name="Steps">Steps done.</param>
internal sealed record ResumeTimings(double TextSeconds, IReadOnlyList<StepTiming> Steps);
