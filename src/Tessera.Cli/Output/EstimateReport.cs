using Tessera.Wan.Pipeline;

namespace Tessera.Cli.Output;

/// <summary>What <c>tessera generate --estimate</c> expects.</summary>
internal sealed record EstimateReport : Report
{
    public override string Command => "generate --estimate";

    public required GenerationEstimate Estimate { get; init; }
}
