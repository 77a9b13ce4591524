using Tessera.Wan.Sampling;

namespace Tessera.Wan.SelfAttention.Calibration;

/// <summary>The dense generations that a calibration looks into.</summary>
/// <param name="Settings">What is looked at and made.</param>
/// <param name="Table">Noise levels of the sampler.</param>
public sealed record CalibrationRequest(CalibrationSettings Settings, SigmaTable Table)
{
    /// <summary>Prompts as the text encoder reads them.</summary>
    public required IReadOnlyList<CalibrationPrompt> Prompts { get; init; }

    /// <summary>Features of the negative prompt; not read when <see cref="Guidance"/> is at most 1.</summary>
    public CalibrationPrompt? Negative { get; init; }

    /// <summary>Classifier-free guidance.</summary>
    public double Guidance { get; init; } = 5;

    /// <summary>Seed of the first prompt's noise; each prompt counts one up.</summary>
    public ulong Seed { get; init; }

    /// <summary>Folder of what has been seen so far; removed when the plans are made.</summary>
    public required string StateFolder { get; init; }

    /// <summary>Identity of the weights, so that another model does not go on with this one's statistics.</summary>
    public string Checkpoint { get; init; } = "";

    /// <summary>Noise time u of each step: <c>sigma = shift u / (1 + (shift - 1) u)</c> solved for u.</summary>
    public IReadOnlyList<double> NoiseTimes => [.. Enumerable.Range(0, Table.StepCount).Select(step => NoiseTime.Of(Table, step))];
}
