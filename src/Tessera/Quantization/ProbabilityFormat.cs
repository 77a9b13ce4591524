namespace Tessera.Quantization;

/// <summary>How softmax numerators P are quantised between the two products; docs/methods/paro.md compares the formats.</summary>
/// <param name="Format">Binary32, binary16, bfloat16, an FP8 format, or an integer format.</param>
/// <param name="Reference">The maximum that the exponent is taken against.</param>
/// <param name="Denominator">Whether the softmax denominator sums the quantised or the exact numerators.</param>
/// <param name="Rounding">Rounding of codes.</param>
/// <param name="Scale">Code of a probability of 1; zero means the largest code of the format (255, 127, 15, 7, 448).</param>
public readonly record struct ProbabilityFormat(
    NumberFormat Format,
    ProbabilityReference Reference = ProbabilityReference.RunningMaximum,
    SoftmaxDenominator Denominator = SoftmaxDenominator.Exact,
    CodeRounding Rounding = CodeRounding.Nearest,
    float Scale = 0)
{
    /// <summary>Unquantised binary32.</summary>
    public static ProbabilityFormat Float32 => new(NumberFormat.Float32);

    /// <summary>Code of a probability of 1.</summary>
    public float CodeOfOne => Scale > 0 ? Scale : Format.Bits() > 8 ? 1 : Format.MaximumCode();

    /// <inheritdoc/>
    public override string ToString() =>
        Format.Bits() > 8
            ? $"{Format}"
            : $"{Format}/{Reference}/{Denominator}{(Rounding == CodeRounding.Nearest ? "" : "/truncated")}{(Scale > 0 ? $"/{Scale}" : "")}";
}
