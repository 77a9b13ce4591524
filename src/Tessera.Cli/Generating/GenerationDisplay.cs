using Tessera.Cli.Output;
using Tessera.Cli.Terminal;
using Tessera.Wan.Pipeline;

namespace Tessera.Cli.Generating;

/// <summary>Shows a generation on one line: stage, step, what attention runs, time of a step, time left, memory.</summary>
/// <param name="bar">The progress bar.</param>
/// <param name="log">Receives a line for each step; null for none.</param>
internal sealed class GenerationDisplay(IProgress<WorkStep> bar, TextWriter? log) : IProgress<StepProgress>
{
    private double? _stepSeconds;

    /// <summary>Steps done so far.</summary>
    public int StepsDone { get; private set; }

    public void Report(StepProgress value)
    {
        StepsDone = value.Step;
        if (value.LastStep is { } step)
        {
            _stepSeconds = step.Seconds;
            log?.WriteLine(
                $"step {value.Step}/{value.Total}  {Figures.Duration(step.Seconds)}  self-attention {Share(step.SelfAttention, step)}, "
                    + $"linears {Share(step.Linears, step)}  density {step.Density:0.000}  {step.Phase}  peak "
                    + $"{Memory(value.PeakMemoryBytes)}{Left(value)}");
        }

        string what = value.Stage switch
        {
            GenerationStage.TextEncoding => $"encoding the prompts{(value.Phase.Length > 0 ? $", {value.Phase}" : "")}",
            GenerationStage.Denoising => $"step {Math.Min(value.Step + 1, value.Total)}/{value.Total}, {value.Phase}"
                + $"{(_stepSeconds is { } seconds ? $", {Figures.Duration(seconds)} a step" : "")}",
            _ => "decoding",
        };
        bar.Report(new WorkStep($"{what}{Left(value)}, peak {Memory(value.PeakMemoryBytes)}", value.Fraction));
    }

    /// <summary>The video is being written.</summary>
    public void Saving() => bar.Report(new WorkStep("writing", 1));

    private static string Left(StepProgress value) =>
        value.Remaining is { } time && time > TimeSpan.Zero ? $", {Figures.Duration(time.TotalSeconds)} left" : "";

    private static string Share(double seconds, StepTiming step) => Figures.Share(step.Seconds > 0 ? seconds / step.Seconds : null);

    private static string Memory(long bytes) => $"{bytes / 1e9:0.0} GB";
}
