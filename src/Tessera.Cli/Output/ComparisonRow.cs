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

    /// <summary>Dense float32 seconds over these, planning and compiling included where they happen in every call.</summary>
    public required double SpeedUp { get; init; }

    /// <summary>Every stage of a call but attention, over dense float32 seconds.</summary>
    public required double OverheadShare { get; init; }

    public static ComparisonRow Of(
        string method, double? density, AttentionMeasurement measured, TokenGrid grid, DenseReference dense)
    {
        PlanFidelity fidelity = measured.Fidelity
            ?? throw new InvalidOperationException($"'{measured.Plan.Name}' was not compared with dense attention.");
        return new ComparisonRow
        {
            Method = method,
            RequestedDensity = density,
            Plan = PlanSummary.Of(measured.Plan, grid),
            Backend = measured.Choice.Backend.Name,
            PlansPerCall = measured.PlansPerCall,
            KeptMass = fidelity.KeptMass,
            HeadKeptMass = fidelity.HeadKeptMass,
            Error = ErrorSummary.Of(fidelity.Error),
            SparsityError = ErrorSummary.Of(fidelity.SparsityError),
            Stages = StageSeconds.Of(measured),
            Seconds = measured.Wall.TotalSeconds,
            SpeedUp = dense.Wall.TotalSeconds / measured.PerCall.TotalSeconds,
            OverheadShare = measured.Overhead.TotalSeconds / dense.Wall.TotalSeconds,
        };
    }
}
