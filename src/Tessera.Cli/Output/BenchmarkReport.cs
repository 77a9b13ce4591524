namespace Tessera.Cli.Output;

/// <summary>What <c>tessera attention bench</c> measured.</summary>
internal sealed record BenchmarkReport : Report
{
    public override string Command => "attention bench";

    public required string Tessera { get; init; }

    public required string Processor { get; init; }

    public required int Threads { get; init; }

    public required int Length { get; init; }

    public required int Heads { get; init; }

    public required int HeadDim { get; init; }

    public required int Repeat { get; init; }

    /// <summary>Float32 multiply-add peak of this machine over the same threads, measured by a register-only loop.</summary>
    public required double PeakGflops { get; init; }

    /// <summary>Median of dense float32: what every speed-up is against.</summary>
    public required double DenseFloat32Seconds { get; init; }

    public required IReadOnlyList<BenchmarkCaseReport> Cases { get; init; }
}
