using Tessera.Cli.Running;
using Tessera.Layout;

namespace Tessera.Cli.Output;

/// <summary>One method at one density in one format.</summary>
internal sealed record ComparisonRow
{
    public required string Method { get; init; }

    /// <summary>Density asked for; null for methods that have none.</summary>
    public required double? RequestedDensity { get; init; }

    public required PlanSummary Plan { get; init; }

    public required string Backend { get; init; }

    public required bool PlansPerCall { get; init; }

    public required double KeptMass { get; init; }

    public required IReadOnlyList<double> HeadKeptMass { get; init; }

    public required ErrorSummary Error { get; init; }

    public required ErrorSummary SparsityError { get; init; }

    public required StageSeconds Stages { get; init; }

    /// <summary>Wall seconds of the run, planning excluded.</summary>
    public required double Seconds { get; init; }

    /// <summary>Dense float32 seconds over these, planning included where it happens in every call.</summary>
    public required double SpeedUp { get; init; }

    public static ComparisonRow Of(
        string method, double? density, bool plansPerCall, AttentionMeasurement measured, TokenGrid grid, DenseReference dense)
    {
        PlanFidelity fidelity = measured.Fidelity
            ?? throw new InvalidOperationException($"'{measured.Plan.Name}' was not compared with dense attention.");
        double perCall = measured.Wall.TotalSeconds + (plansPerCall ? measured.PlanTime.TotalSeconds : 0);
        return new ComparisonRow
        {
            Method = method,
            RequestedDensity = density,
            Plan = PlanSummary.Of(measured.Plan, grid),
            Backend = measured.Choice.Backend.Name,
            PlansPerCall = plansPerCall,
            KeptMass = fidelity.KeptMass,
            HeadKeptMass = fidelity.HeadKeptMass,
            Error = ErrorSummary.Of(fidelity.Error),
            SparsityError = ErrorSummary.Of(fidelity.SparsityError),
            Stages = StageSeconds.Of(measured.Stages),
            Seconds = measured.Wall.TotalSeconds,
            SpeedUp = dense.Wall.TotalSeconds / perCall,
        };
    }
}
