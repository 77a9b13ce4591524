namespace Tessera.Cli.Output;

/// <summary>What <c>tessera attention compare</c> measured.</summary>
internal sealed record ComparisonReport : Report
{
    public override string Command => "attention compare";

    public required string Tessera { get; init; }

    public required string Processor { get; init; }

    public required int Threads { get; init; }

    public required InputSummary Input { get; init; }

    /// <summary>Wall seconds of dense float32 attention on the cpu backend.</summary>
    public required double DenseSeconds { get; init; }

    public required IReadOnlyList<ComparisonRow> Rows { get; init; }

    /// <summary>Where the HTML report was written.</summary>
    public string? Report { get; init; }
}
