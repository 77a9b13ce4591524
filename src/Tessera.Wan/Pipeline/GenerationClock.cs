using System.Diagnostics;

namespace Tessera.Wan.Pipeline;

/// <summary>
/// Time left: stages and steps have expected times, and what has been measured of them so far says by how much the expectation is off.
/// Dense and sparse steps cost what they are expected to cost, so the figure does not jump when a warm-up ends.
/// </summary>
internal sealed class GenerationClock
{
    private readonly double[] _expected;
    private readonly IProgress<StepProgress>? _progress;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly int _steps;
    private double _begun;
    private long _peakMemory;
    private int _unit = -1;

    /// <param name="textSeconds">Expected seconds of text encoding.</param>
    /// <param name="stepSeconds">Expected seconds of each step.</param>
    /// <param name="decodeSeconds">Expected seconds of decoding.</param>
    /// <param name="progress">Receives reports; null for none.</param>
    /// <param name="time">Clock.</param>
    public GenerationClock(
        double textSeconds, IReadOnlyList<double> stepSeconds, double decodeSeconds, IProgress<StepProgress>? progress, TimeProvider time)
    {
        _expected = [textSeconds, .. stepSeconds, decodeSeconds];
        _steps = stepSeconds.Count;
        _progress = progress;
        _time = time;
        _start = time.GetTimestamp();
    }

    /// <summary>Time since the generation began or was resumed.</summary>
    public TimeSpan Elapsed => _time.GetElapsedTime(_start);

    /// <summary>Reports where the generation is.</summary>
    /// <param name="stage">Stage.</param>
    /// <param name="step">Steps done.</param>
    /// <param name="share">Share of the stage, or of the step at work, that is done.</param>
    /// <param name="phase">What self-attention runs.</param>
    /// <param name="last">Timing of the step that has just been done.</param>
    public void Report(GenerationStage stage, int step, double share, string phase, StepTiming? last)
    {
        int unit = stage switch
        {
            GenerationStage.TextEncoding => 0,
            GenerationStage.Denoising => 1 + step,
            _ => 1 + _steps,
        };
        double done = _expected.Take(unit).Sum() + (unit < _expected.Length ? share * _expected[unit] : 0);
        if (_unit < 0)
        {
            // A resumed generation starts in the middle: what was done before says nothing about this machine now.
            _begun = done;
        }

        if (unit != _unit || last is not null)
        {
            // Asking the system takes longer than a layer of a small model.
            _peakMemory = PeakMemory;
        }

        _unit = unit;
        double total = _expected.Sum();
        double measured = done - _begun;
        TimeSpan elapsed = Elapsed;
        TimeSpan? remaining = measured > 0 ? elapsed * Math.Max(0, (total - done) / measured) : null;
        _progress?.Report(new StepProgress(stage, step, _steps, Math.Clamp(done / total, 0, 1), elapsed, remaining)
        {
            Phase = phase,
            LastStep = last,
            PeakMemoryBytes = _peakMemory,
        });
    }

    /// <summary>Largest resident memory of the process so far.</summary>
    public static long PeakMemory
    {
        get
        {
            using Process process = Process.GetCurrentProcess();
            return process.PeakWorkingSet64;
        }
    }
}
