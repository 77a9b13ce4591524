namespace Tessera.Cli.Output;

/// <summary>What <c>tessera demo</c> did.</summary>
internal sealed record DemoReport : Report
{
    public override string Command => "demo";

    public required string Tessera { get; init; }

    public required string Processor { get; init; }

    public required int Threads { get; init; }

    public required InputSummary Input { get; init; }

    /// <summary>Wall seconds of dense float32 attention on the cpu backend.</summary>
    public required double DenseSeconds { get; init; }

    public required IReadOnlyList<ComparisonRow> Rows { get; init; }

    /// <summary>The HTML report.</summary>
    public required string Page { get; init; }

    /// <summary>The animated PNG: source, dense attention, PARO in int8.</summary>
    public required string Animation { get; init; }

    /// <summary>Wall seconds of everything.</summary>
    public double Seconds { get; init; }
}
