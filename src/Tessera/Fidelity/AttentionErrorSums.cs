namespace Tessera.Fidelity;

/// <summary>
/// The sums behind <see cref="AttentionError"/>, for outputs that are compared piece by piece and never stand in memory together. Sums are
/// in double; adding the pieces in one order gives one result.
/// </summary>
public struct AttentionErrorSums
{
    private double _dot;
    private double _reference2;
    private double _actual2;
    private double _reference1;
    private double _difference1;
    private double _difference2;
    private double _maximum;
    private long _count;

    /// <summary>Elements compared so far.</summary>
    public readonly long Count => _count;

    /// <summary>Adds a piece.</summary>
    /// <param name="reference">Elements of O.</param>
    /// <param name="actual">The same elements of O'.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public void Add(ReadOnlySpan<float> reference, ReadOnlySpan<float> actual)
    {
        if (reference.Length != actual.Length)
        {
            throw new ArgumentException(
                $"The reference has {reference.Length} elements, the compared piece {actual.Length}; wanted equal counts.",
                nameof(actual));
        }

        for (int i = 0; i < reference.Length; i++)
        {
            Add(reference[i], actual[i]);
        }
    }

    /// <summary>Adds what another has summed.</summary>
    public void Add(in AttentionErrorSums other)
    {
        _dot += other._dot;
        _reference2 += other._reference2;
        _actual2 += other._actual2;
        _reference1 += other._reference1;
        _difference1 += other._difference1;
        _difference2 += other._difference2;
        _maximum = Larger(_maximum, other._maximum);
        _count += other._count;
    }

    /// <summary>The figures of everything added.</summary>
    public readonly AttentionError Finish()
    {
        double norms = Math.Sqrt(_reference2) * Math.Sqrt(_actual2);
        return new AttentionError(
            norms > 0 ? _dot / norms : _difference2 == 0 ? 1 : double.IsNaN(norms) ? double.NaN : 0,
            Ratio(_difference1, _reference1),
            Math.Sqrt(Ratio(_difference2, _reference2)),
            _count == 0 ? 0 : Math.Sqrt(_difference2 / _count),
            _maximum);
    }

    internal void Add(double reference, double actual)
    {
        double difference = Math.Abs(reference - actual);
        _dot += reference * actual;
        _reference2 += reference * reference;
        _actual2 += actual * actual;
        _reference1 += Math.Abs(reference);
        _difference1 += difference;
        _difference2 += difference * difference;
        _maximum = Larger(_maximum, difference);
        _count++;
    }

    // Written so that a NaN sticks instead of being ignored by a comparison.
    private static double Larger(double maximum, double difference) =>
        difference <= maximum || double.IsNaN(maximum) ? maximum : difference;

    private static double Ratio(double difference, double reference) => difference == 0 ? 0 : difference / reference;
}
