using Tessera.Methods.Fps;

namespace Tessera.Cli.Output;

/// <summary>What <c>tessera tables fp8</c> measured.</summary>
internal sealed record Float8Report : Report
{
    public override string Command => "tables fp8";

    public required string Backend { get; init; }

    public required IReadOnlyList<Float8ErrorRow> Rows { get; init; }
}
