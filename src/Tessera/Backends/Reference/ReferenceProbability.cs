using Tessera.Quantization;

namespace Tessera.Backends.Reference;

/// <summary>Rounding of softmax numerators in the specification.</summary>
internal static class ReferenceProbability
{
    /// <summary>The value that <paramref name="probability"/> (at most 1) has after quantisation.</summary>
    public static double Round(double probability, ProbabilityFormat format) => format.Format == NumberFormat.Float32
        ? probability
        : throw new NotSupportedException($"{format}");
}
