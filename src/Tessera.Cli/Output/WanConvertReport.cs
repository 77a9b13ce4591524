namespace Tessera.Cli.Output;

/// <summary>What <c>tessera wan convert</c> wrote.</summary>
internal sealed record WanConvertReport : Report
{
    public override string Command => "wan convert";

    /// <summary>The folder that was read.</summary>
    public required string Source { get; init; }

    /// <summary>The folder that was written.</summary>
    public required string Checkpoint { get; init; }

    public required string Weights { get; init; }

    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>Bytes of all weights.</summary>
    public required long Bytes { get; init; }

    public required double Seconds { get; init; }
}
