using Tessera.Media.Frames;

namespace Tessera.Media.Reports;

/// <summary>Output clips side by side.</summary>
public sealed record ClipComparison
{
    /// <summary>The input clip; null leaves it out.</summary>
    public VideoFrames? Source { get; init; }

    /// <summary>Output of dense attention.</summary>
    public required VideoFrames Dense { get; init; }

    /// <summary>Output of each method, of the same size as <see cref="Dense"/>.</summary>
    public required IReadOnlyList<MethodClip> Methods { get; init; }

    /// <summary>
    /// Factor of the shown differences; null takes the power of two from 8 to 32 that makes the largest visible without flooding.
    /// </summary>
    public double? ErrorGain { get; init; }
}
