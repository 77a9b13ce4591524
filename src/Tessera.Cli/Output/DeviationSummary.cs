using Tessera.Wan.SelfAttention;

namespace Tessera.Cli.Output;

/// <summary>Deviations from dense attention, call by call on equal inputs.</summary>
/// <param name="Total">Over everything that was compared.</param>
/// <param name="Layers">By layer.</param>
/// <param name="Steps">By step.</param>
internal sealed record DeviationSummary(
    ErrorSummary Total, IReadOnlyList<DeviationSummary.Layer> Layers, IReadOnlyList<DeviationSummary.Step> Steps)
{
    public static DeviationSummary Of(DeviationReport report) => new(
        ErrorSummary.Of(report.Total),
        [
            .. report.Layers.Select(static layer => new Layer(
                layer.Layer, layer.Calls, ErrorSummary.Of(layer.Error), layer.Error.NormalizedMeanSquare, layer.WorstHead,
                ErrorSummary.Of(layer.WorstHeadError))),
        ],
        [.. report.Steps.Select(static step => new Step(step.Step, step.Calls, ErrorSummary.Of(step.Error)))]);

    /// <summary>One layer.</summary>
    internal sealed record Layer(int Index, int Calls, ErrorSummary Error, double Nmse, int WorstHead, ErrorSummary WorstHeadError);

    /// <summary>One step.</summary>
    internal sealed record Step(int Index, int Calls, ErrorSummary Error);
}
