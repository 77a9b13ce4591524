using Tessera.Attention;
using Tessera.Fidelity;

namespace Tessera.Media.Reports;

/// <summary>What one method kept, how far its output is from dense attention, and how long it took.</summary>
public sealed record MethodResult
{
    /// <summary>Short name, unique in the report, for example <c>paro-d0.30-int8</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Full name of the method.</summary>
    public string Title { get; init; } = string.Empty;

    /// <summary>Settings in force, one line.</summary>
    public string Settings { get; init; } = string.Empty;

    /// <summary>Number formats, as the recipe names itself.</summary>
    public string Recipe { get; init; } = string.Empty;

    /// <summary>Whether this is the dense baseline that speed-ups divide by.</summary>
    public bool IsBaseline { get; init; }

    /// <summary>Share of blocks computed, 0..1.</summary>
    public required double Density { get; init; }

    /// <summary>Mean share of a row's softmax mass that the kept blocks hold, 0..1; null when it was not measured.</summary>
    public double? KeptMass { get; init; }

    /// <summary>Error of the output against the reference; null for the reference itself.</summary>
    public AttentionError? Error { get; init; }

    /// <summary>Wall time by stage of one call, median of the runs.</summary>
    public required StageTimes Stages { get; init; }

    /// <summary>Wall time of one call; null means the sum of <see cref="Stages"/>.</summary>
    public TimeSpan? Total { get; init; }

    /// <summary>Density of each head; empty when all heads share one mask.</summary>
    public IReadOnlyList<double> HeadDensity { get; init; } = [];

    /// <summary>Kept mass of each head; empty when it was not measured.</summary>
    public IReadOnlyList<double> HeadKeptMass { get; init; } = [];

    /// <summary>Token order of each head, for example <c>HWF</c>; empty for natural order.</summary>
    public IReadOnlyList<string> HeadOrders { get; init; } = [];

    /// <summary>The time that speed-ups compare.</summary>
    public TimeSpan Time => Total ?? Stages.Total;
}
