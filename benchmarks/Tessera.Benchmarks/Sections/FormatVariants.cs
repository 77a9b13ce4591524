using Tessera.Quantization;

namespace Tessera.Benchmarks.Sections;

/// <summary>
/// Recipes that the frontier of speed and error is drawn from: the known ones, and neighbours of int8 and of k4v4 that differ in one choice
/// each, so that a difference in error has one cause.
/// </summary>
internal static class FormatVariants
{
    public static IReadOnlyList<QuantizationRecipe> All { get; } =
    [
        .. KnownRecipes.All,
        .. Neighbours(KnownRecipes.Int8, P8),
        .. Neighbours(KnownRecipes.KeyValue4, P7),
        KnownRecipes.Int8 with { Name = "int8 P7", Probability = P7 },
        KnownRecipes.Int8 with { Name = "int8 Q7", Query = new(NumberFormat.Int7) },
        KnownRecipes.Int8 with { Name = "int8 K4", Key = new(NumberFormat.Int4) },
        KnownRecipes.Int8 with { Name = "int8 V4", Value = KnownRecipes.KeyValue4.Value },
        KnownRecipes.Int8 with { Name = "int8 V per channel", Value = new(NumberFormat.Int8, QuantizationGranularity.PerChannel) },
        KnownRecipes.Int8 with { Name = "int8 PV fp32", Probability = ProbabilityFormat.Float32, Value = OperandFormat.Float32 },
        KnownRecipes.Int8 with { Name = "int8 QK fp32", Query = OperandFormat.Float32, Key = OperandFormat.Float32, SmoothKey = false },
        KnownRecipes.KeyValue4 with { Name = "k4v4 P8", Probability = P8 },
        KnownRecipes.KeyValue4 with { Name = "k4v4 P4", Probability = KnownRecipes.Int4.Probability },
        KnownRecipes.KeyValue4 with { Name = "k4v4 Q7", Query = new(NumberFormat.Int7) },
        KnownRecipes.KeyValue4 with { Name = "k4v4 Q4", Query = new(NumberFormat.Int4) },
        KnownRecipes.Int4 with { Name = "int4 P7", Probability = P7 },
    ];

    private static ProbabilityFormat P8 => KnownRecipes.Int8.Probability;

    private static ProbabilityFormat P7 => KnownRecipes.KeyValue4.Probability;

    /// <summary>One choice of smoothing, reference or denominator apart from a recipe.</summary>
    private static IEnumerable<QuantizationRecipe> Neighbours(QuantizationRecipe recipe, ProbabilityFormat probability) =>
    [
        Of("P running max", recipe with { Probability = probability with { Reference = ProbabilityReference.RunningMaximum } }),
        Of("P tile max", recipe with { Probability = probability with { Reference = ProbabilityReference.TileMaximum } }),
        Of("exact sum", recipe with { Probability = probability with { Denominator = SoftmaxDenominator.Exact } }),
        Of("K not smoothed", recipe with { SmoothKey = false }),
        Of("Q smoothed", recipe with { SmoothQuery = true }),
        Of("V smoothed", recipe with { SmoothValue = true }),
        Of("Hadamard", recipe with { Hadamard = true }),
    ];

    private static QuantizationRecipe Of(string change, QuantizationRecipe recipe) => recipe with { Name = $"{recipe.Name} {change}" };
}
