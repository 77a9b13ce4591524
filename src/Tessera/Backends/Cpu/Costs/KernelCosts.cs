namespace Tessera.Backends.Cpu.Costs;

/// <summary>Thread-seconds of one unit of each <see cref="CostTerm"/> for one kind of recipe. Immutable.</summary>
internal sealed class KernelCosts
{
    /// <summary>Number of terms.</summary>
    public static readonly int Terms = Enum.GetValues<CostTerm>().Length;

    private readonly double[] _seconds;

    public KernelCosts(ReadOnlySpan<double> seconds)
    {
        if (seconds.Length != Terms)
        {
            throw new ArgumentException(
                $"{seconds.Length} constants were given; wanted one for each of the {Terms} terms.", nameof(seconds));
        }

        foreach (double one in seconds)
        {
            if (!(double.IsFinite(one) && one >= 0))
            {
                throw new ArgumentException($"A constant is {one}; wanted finite seconds of at least 0.", nameof(seconds));
            }
        }

        _seconds = seconds.ToArray();
    }

    /// <summary>Thread-seconds of one unit.</summary>
    public double this[CostTerm term] => _seconds[(int)term];

    /// <summary>All constants, in the order of the terms.</summary>
    public ReadOnlySpan<double> Seconds => _seconds;

    /// <summary>Thread-seconds of some work.</summary>
    /// <param name="counts">Units of each term.</param>
    public double Of(ReadOnlySpan<double> counts) => System.Numerics.Tensors.TensorPrimitives.Dot(_seconds, counts);

    /// <summary>The same constants but one.</summary>
    public KernelCosts With(CostTerm term, double seconds)
    {
        double[] changed = [.. _seconds];
        changed[(int)term] = seconds;
        return new KernelCosts(changed);
    }
}
