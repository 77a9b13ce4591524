namespace Tessera.Cli.Output;

/// <summary>What <c>tessera wan init</c> wrote.</summary>
internal sealed record WanInitReport : Report
{
    public override string Command => "wan init";

    /// <summary>The folder.</summary>
    public required string Checkpoint { get; init; }

    public required string Config { get; init; }

    public required long Seed { get; init; }

    public required IReadOnlyList<string> Parts { get; init; }

    /// <summary>Bytes of all weights.</summary>
    public required long Bytes { get; init; }

    public required double Seconds { get; init; }
}
