using Tessera.Methods.Paro;

namespace Tessera.Cli.Output;

/// <summary>What <c>tessera tables probability</c> computed.</summary>
internal sealed record ProbabilityReport : Report
{
    public override string Command => "tables probability";

    public required IReadOnlyList<ProbabilityErrorRow> Rows { get; init; }
}
