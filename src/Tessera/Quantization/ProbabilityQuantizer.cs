using Tessera.Numerics;

namespace Tessera.Quantization;

/// <summary>
/// The scalar specification of a <see cref="ProbabilityFormat"/>: from a base-2 exponent to the code of a softmax numerator and the value
/// it
/// stands for. With p = 2^exponent, where the exponent is score minus <see cref="ProbabilityFormat.Reference"/> in base-2 units (so p is in
/// [0, 1]), code = round(CodeOfOne * p) and the code stands for code / CodeOfOne.
/// </summary>
/// <remarks>
/// The reference backend runs this in binary64. Kernels compute p with a binary32 exponential and may land on the neighbouring code where
/// CodeOfOne * p lies within their error of a rounding boundary; tests budget for that. binary32 keeps p rounded to binary32.
/// </remarks>
public readonly struct ProbabilityQuantizer
{
    private readonly NumberFormat _format;
    private readonly bool _truncates;
    private readonly double _codeOfOne;
    private readonly double _maximumCode;

    /// <summary>Prepares a format.</summary>
    /// <exception cref="ArgumentException">Truncation is asked of a floating-point format, or a probability of 1 would exceed the
    /// codes.</exception>
    public ProbabilityQuantizer(ProbabilityFormat format)
    {
        Format = format;
        _format = format.Format;
        _truncates = format.Rounding == CodeRounding.TowardZero;
        _codeOfOne = format.CodeOfOne;
        _maximumCode = _format.IsScaled() ? _format.MaximumCode() : 1;
        if (_truncates && !_format.IsInteger())
        {
            throw new ArgumentException(
                $"Probability format {format} truncates; only integer codes can be rounded toward zero.", nameof(format));
        }

        if (!(_codeOfOne > 0 && _codeOfOne <= _maximumCode))
        {
            throw new ArgumentException(
                $"Probability format {format} maps 1 to {_codeOfOne}; {_format} holds codes up to {_maximumCode}.", nameof(format));
        }
    }

    /// <summary>The format.</summary>
    public ProbabilityFormat Format { get; }

    /// <summary>Code of 2^exponent as a number: an integer, an FP8 value, or the probability itself for wider formats.</summary>
    /// <param name="exponent">Score minus reference, in base-2 units: at most 0, negative infinity for hidden keys.</param>
    public double Code(double exponent) => CodeOfProbability(Math.Pow(2, exponent));

    /// <summary>Code of a probability in [0, 1].</summary>
    public double CodeOfProbability(double probability)
    {
        double code = _codeOfOne * probability;
        switch (_format)
        {
            case NumberFormat.Float32:
                return (float)code;
            case NumberFormat.Float16:
                return (double)(Half)code;
            case NumberFormat.BFloat16:
                return (double)(BFloat16)code;
            case NumberFormat.Float8E4M3:
                return (double)(Float8E4M3)code;
            case NumberFormat.Float8E5M2:
                return (double)(Float8E5M2)code;
            default:
                double rounded = _truncates ? Math.Truncate(code) : Math.Round(code, MidpointRounding.ToEven);
                return Math.Clamp(rounded, 0, _maximumCode);
        }
    }

    /// <summary>The probability that a code stands for: code / CodeOfOne.</summary>
    public double Dequantize(double code) => code / _codeOfOne;

    /// <summary>The probability that 2^exponent becomes.</summary>
    /// <param name="exponent">Score minus reference, in base-2 units: at most 0, negative infinity for hidden keys.</param>
    public double Quantize(double exponent) => Dequantize(Code(exponent));

    /// <summary>
    /// What 2^exponent adds to the softmax denominator, still relative to the reference: the exact numerator or the quantised one.
    /// </summary>
    /// <param name="exponent">Score minus reference, in base-2 units.</param>
    public double DenominatorTerm(double exponent) =>
        Format.Denominator == SoftmaxDenominator.Quantized ? Quantize(exponent) : Math.Pow(2, exponent);
}
