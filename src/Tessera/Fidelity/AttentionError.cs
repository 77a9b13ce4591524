using System.Numerics;

namespace Tessera.Fidelity;

/// <summary>
/// How far an attention output is from a reference, in the figures the field reports (flattened tensors, sums in double):
/// cosine sum(OO') / (|O| |O'|), relative L1 sum|O - O'| / sum|O|, relative L2 |O - O'| / |O|, RMSE sqrt(mean (O - O')^2).
/// </summary>
/// <param name="Cosine">Cosine similarity; 1 when both are zero.</param>
/// <param name="RelativeL1">Relative L1 error.</param>
/// <param name="RelativeL2">Relative L2 error, also called NRMSE.</param>
/// <param name="RootMeanSquare">Root mean square error, in units of the output.</param>
/// <param name="Maximum">Largest absolute difference.</param>
public readonly record struct AttentionError(double Cosine, double RelativeL1, double RelativeL2, double RootMeanSquare, double Maximum)
{
    /// <summary>Normalised mean square error: the square of <see cref="RelativeL2"/>.</summary>
    public double NormalizedMeanSquare => RelativeL2 * RelativeL2;

    /// <summary>Signal to noise ratio in decibels, 10 log10(|O|^2 / |O - O'|^2); infinite for equal tensors.</summary>
    public double SignalToNoise => -20 * Math.Log10(RelativeL2);

    /// <summary>Compares two flattened tensors.</summary>
    /// <param name="reference">O.</param>
    /// <param name="actual">O', of the same length.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static AttentionError Compare(ReadOnlySpan<float> reference, ReadOnlySpan<float> actual) => Accumulate(reference, actual);

    /// <summary>Compares a flattened tensor with a double-precision reference.</summary>
    /// <param name="reference">O.</param>
    /// <param name="actual">O', of the same length.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static AttentionError Compare(ReadOnlySpan<double> reference, ReadOnlySpan<float> actual) => Accumulate(reference, actual);

    /// <summary>Compares two double-precision tensors.</summary>
    /// <param name="reference">O.</param>
    /// <param name="actual">O', of the same length.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static AttentionError Compare(ReadOnlySpan<double> reference, ReadOnlySpan<double> actual) => Accumulate(reference, actual);

    private static AttentionError Accumulate<TReference, TActual>(ReadOnlySpan<TReference> reference, ReadOnlySpan<TActual> actual)
        where TReference : INumberBase<TReference>
        where TActual : INumberBase<TActual>
    {
        if (reference.Length != actual.Length)
        {
            throw new ArgumentException(
                $"The reference has {reference.Length} elements, the compared tensor {actual.Length}; wanted equal counts.",
                nameof(actual));
        }

        AttentionErrorSums sums = default;
        for (int i = 0; i < reference.Length; i++)
        {
            sums.Add(double.CreateTruncating(reference[i]), double.CreateTruncating(actual[i]));
        }

        return sums.Finish();
    }
}
