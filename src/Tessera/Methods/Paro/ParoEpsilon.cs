namespace Tessera.Methods.Paro;

/// <summary>
/// The threshold below which a probability counts as nearly zero: absolute, or relative to the uniform probability 1 / N.
/// </summary>
public readonly record struct ParoEpsilon
{
    private readonly double _value;
    private readonly bool _relative;

    private ParoEpsilon(double value, bool relative)
    {
        if (!(value > 0) || double.IsInfinity(value))
        {
            throw new ArgumentOutOfRangeException(nameof(value), value, "Epsilon needs a positive finite number.");
        }

        _value = value;
        _relative = relative;
    }

    /// <summary>1e-3, the paper's example, which is 18 / N at CogVideoX length.</summary>
    public static ParoEpsilon Paper => Absolute(1e-3);

    /// <summary>A probability.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not positive and finite.</exception>
    public static ParoEpsilon Absolute(double value) => new(value, false);

    /// <summary><paramref name="multiple"/> / N: this many times the probability of uniform attention, whatever the length.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not positive and finite.</exception>
    public static ParoEpsilon OverTokens(double multiple) => new(multiple, true);

    /// <summary>The probability for a number of keys.</summary>
    public double For(int keys) => _relative ? _value / keys : _value;

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{_value:g3}{(_relative ? "/N" : "")}");
}
