namespace Tessera.Cli.Output;

/// <summary>What <c>tessera attention run</c> did.</summary>
internal sealed record RunReport : Report
{
    public override string Command => "attention run";

    public required InputSummary Input { get; init; }

    public required string Method { get; init; }

    public required PlanSummary Plan { get; init; }

    public required BackendSummary Backend { get; init; }

    public required long BlocksComputed { get; init; }

    public required long BlocksTotal { get; init; }

    /// <summary>Computed blocks whose PV product was skipped (SpargeAttention's second stage).</summary>
    public required long ProbabilityTilesSkipped { get; init; }

    public required StageSeconds Stages { get; init; }

    /// <summary>Wall seconds of the run, planning excluded.</summary>
    public required double Seconds { get; init; }

    /// <summary>Whether planning happens in every call (online methods), so that its time counts.</summary>
    public required bool PlansPerCall { get; init; }

    /// <summary>Share of the dense softmax on visible keys; null without comparison, like the fields below.</summary>
    public double? KeptMass { get; init; }

    public IReadOnlyList<double>? HeadKeptMass { get; init; }

    /// <summary>Distance of the output to dense float32.</summary>
    public ErrorSummary? Error { get; init; }

    /// <summary>Distance of the same plan in float32: what skipping blocks alone costs.</summary>
    public ErrorSummary? SparsityError { get; init; }

    /// <summary>Wall seconds of dense float32 attention on the cpu backend.</summary>
    public double? DenseSeconds { get; init; }

    /// <summary>
    /// <see cref="DenseSeconds"/> over <see cref="Seconds"/>, plus planning and compiling where the method plans in every call.
    /// </summary>
    public double? SpeedUp { get; init; }

    /// <summary>Every stage of a call but attention, over <see cref="DenseSeconds"/>.</summary>
    public double? OverheadShare { get; init; }

    /// <summary>Whether computing every block in float32 took less time here; null without comparison.</summary>
    public bool? DenseIsFaster => SpeedUp is { } speedUp ? speedUp < 1 : null;

    /// <summary>Where the output tensor was written.</summary>
    public string? Output { get; init; }
}
