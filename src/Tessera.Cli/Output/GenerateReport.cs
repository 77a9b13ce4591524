using Tessera.Wan.Pipeline;

namespace Tessera.Cli.Output;

/// <summary>What <c>tessera generate</c> made.</summary>
internal sealed record GenerateReport : Report
{
    public override string Command => "generate";

    /// <summary>The video.</summary>
    public required string Output { get; init; }

    /// <summary>The record beside it.</summary>
    public required string RecordFile { get; init; }

    public required GenerationRecord Record { get; init; }
}
