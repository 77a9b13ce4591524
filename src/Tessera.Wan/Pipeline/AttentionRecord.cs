using Tessera.Wan.SelfAttention;

namespace Tessera.Wan.Pipeline;

/// <summary>Self-attention of a generation.</summary>
public sealed record AttentionRecord
{
    /// <summary>Method, or <c>plan</c>.</summary>
    public required string Method { get; init; }

    /// <summary>Settings in force, one line.</summary>
    public required string Settings { get; init; }

    /// <summary>Number formats that were asked for; null for the method's own.</summary>
    public string? Quantization { get; init; }

    /// <summary>Content hash of the plan file; null without one.</summary>
    public string? PlanHash { get; init; }

    /// <summary>Share of blocks computed over the whole generation, warm-up included.</summary>
    public required double Density { get; init; }

    /// <summary>Backend that was asked for.</summary>
    public required string Backend { get; init; }

    /// <summary>Deviation from dense attention, where it was measured.</summary>
    public DeviationReport? Deviations { get; init; }
}
