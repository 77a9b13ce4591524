using Tessera.Fidelity;

namespace Tessera.Cli.Output;

/// <summary>Distance to dense float32 attention.</summary>
/// <param name="Cosine">Cosine similarity of the flattened outputs.</param>
/// <param name="RelativeL1">Relative L1 error.</param>
/// <param name="RelativeL2">Relative L2 error.</param>
/// <param name="Rmse">Root mean square error.</param>
/// <param name="Maximum">Largest absolute difference.</param>
internal sealed record ErrorSummary(double Cosine, double RelativeL1, double RelativeL2, double Rmse, double Maximum)
{
    public static ErrorSummary Of(AttentionError error) =>
        new(error.Cosine, error.RelativeL1, error.RelativeL2, error.RootMeanSquare, error.Maximum);
}
