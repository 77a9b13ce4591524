namespace Tessera.Attention;

/// <summary>
/// Predicted wall seconds of one run, by stage. Stages of the attention pass are the work of all threads divided by their number;
/// <see cref="Imbalance"/> is what the slowest thread adds.
/// </summary>
/// <param name="Pack">Smoothing, scales, quantisation, packing and reordering of K and V.</param>
/// <param name="Rows">Packing of Q, start of the output rows, and their division and store in natural order.</param>
/// <param name="Scores">The product QK.</param>
/// <param name="Softmax">Scores to probabilities or codes, with row maxima and sums.</param>
/// <param name="Output">The product PV.</param>
/// <param name="Hide">Predicates of partial blocks, score functors, columns without a key.</param>
/// <param name="Memory">Packed K and V read from beyond the second-level cache.</param>
/// <param name="Imbalance">Time that threads wait for the last one.</param>
/// <param name="Dispatch">Starting the threads.</param>
public readonly record struct CostEstimate(
    double Pack, double Rows, double Scores, double Softmax, double Output, double Hide, double Memory, double Imbalance, double Dispatch)
{
    /// <summary>Sum of all stages: predicted wall seconds of a run.</summary>
    public double Seconds => Pack + Rows + Scores + Softmax + Output + Hide + Memory + Imbalance + Dispatch;

    /// <summary>Sum of the stages after packing.</summary>
    public double Attend => Seconds - Pack;

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Seconds * 1e3:0.000} ms");
}
