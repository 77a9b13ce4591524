using Tessera.Methods.Paro;

namespace Tessera.Cli.Output;

/// <summary>What <c>tessera tables locality</c> computed.</summary>
internal sealed record LocalityReport : Report
{
    public override string Command => "tables locality";

    public required IReadOnlyList<LocalityTableRow> Rows { get; init; }
}
