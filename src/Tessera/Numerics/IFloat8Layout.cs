namespace Tessera.Numerics;

/// <summary>
/// What tells one 8-bit floating-point format from another; all else is written once in <see cref="Float8Codec{TLayout}"/>.
/// </summary>
internal interface IFloat8Layout
{
    /// <summary>Mantissa bits below the hidden one.</summary>
    static abstract int MantissaBits { get; }

    /// <summary>Exponent bias.</summary>
    static abstract int Bias { get; }

    /// <summary>
    /// Code of the largest finite value. Codes above it are infinity (only the next one, and only where there is one) or NaN.
    /// </summary>
    static abstract byte MaximumCode { get; }

    /// <summary>Whether the code after <see cref="MaximumCode"/> is infinity.</summary>
    static abstract bool HasInfinity { get; }
}
