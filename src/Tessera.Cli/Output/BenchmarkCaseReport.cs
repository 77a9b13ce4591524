namespace Tessera.Cli.Output;

/// <summary>One format at one density.</summary>
internal sealed record BenchmarkCaseReport
{
    /// <summary>Format as asked for.</summary>
    public required string Format { get; init; }

    /// <summary>Recipe that ran; int8 resolves to the variant this processor multiplies fastest.</summary>
    public required string Recipe { get; init; }

    /// <summary>Density as asked for.</summary>
    public required double Density { get; init; }

    /// <summary>Share of blocks really computed; rows keep a whole number of blocks.</summary>
    public required double ComputedDensity { get; init; }

    /// <summary>Median wall seconds of a run, quantising and packing included, planning excluded.</summary>
    public required double MedianSeconds { get; init; }

    /// <summary>Median processor seconds of the process, all threads.</summary>
    public required double CpuSeconds { get; init; }

    /// <summary>Operations of computed blocks per wall second, in 1e9.</summary>
    public required double Gflops { get; init; }

    /// <summary>Operations that dense attention would have needed, per wall second, in 1e9.</summary>
    public required double EffectiveGflops { get; init; }

    /// <summary>Wall time of dense float32 over this.</summary>
    public required double SpeedUp { get; init; }

    /// <summary>Processor time of dense float32 over this.</summary>
    public required double CpuSpeedUp { get; init; }

    /// <summary>Median of each stage.</summary>
    public required StageSeconds Stages { get; init; }
}
