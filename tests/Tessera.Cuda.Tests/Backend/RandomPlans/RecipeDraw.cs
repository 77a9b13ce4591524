using Tessera.Layout;
using Tessera.Quantization;

namespace Tessera.Cuda.Tests.Backend.RandomPlans;

/// <summary>A known recipe, or formats put together at random, of which the kernels take some.</summary>
internal static class RecipeDraw
{
    private static readonly NumberFormat[] Signed = [NumberFormat.Int8, NumberFormat.Int8, NumberFormat.Int7, NumberFormat.Int4];
    private static readonly NumberFormat[] Unsigned = [NumberFormat.UInt8, NumberFormat.UInt7, NumberFormat.UInt4, NumberFormat.Int8];
    private static readonly NumberFormat[] Mixed = [NumberFormat.Int8, NumberFormat.BFloat16, NumberFormat.Float8E4M3, NumberFormat.Float16, NumberFormat.Float32];
    private static readonly int[] RowGroups = [16, 32, 48, 64, 64, 100, 128, 256];
    private static readonly int[] ValueGroups = [0, 0, 0, 64, 64, 64, 128, 192, 96];

    /// <summary>Draws a recipe.</summary>
    /// <param name="random">Where from.</param>
    /// <param name="hasGrid">Whether scales per 3D tile have a grid.</param>
    /// <param name="architecture">Device: E4M3 is drawn less often where no kernel takes it.</param>
    public static QuantizationRecipe Next(Random random, bool hasGrid, int architecture)
    {
        if (random.Next(5) == 0)
        {
            return KnownRecipes.All[random.Next(KnownRecipes.All.Count)];
        }

        bool takesFloat8 = architecture is 89 or >= 100;
        return random.Next(10) switch
        {
            0 or 1 => BFloat16(random),
            2 or 3 when takesFloat8 || random.Next(6) == 0 => Float8(random, hasGrid),
            4 when random.Next(2) == 0 => Any(random),
            5 => Sage(random, hasGrid),
            _ => Integer(random, hasGrid),
        };
    }

    private static QuantizationRecipe BFloat16(Random random) => KnownRecipes.BFloat16 with
    {
        Name = "random-bf16",
        Probability = new(
            NumberFormat.BFloat16, random.Next(8) == 0 ? Reference(random) : ProbabilityReference.RunningMaximum,
            random.Next(12) == 0 ? SoftmaxDenominator.Quantized : SoftmaxDenominator.Exact),
        SmoothKey = random.Next(2) == 0,
    };

    private static QuantizationRecipe Float8(Random random, bool hasGrid) => new()
    {
        Name = "random-e4m3",
        Query = Rows(random, NumberFormat.Float8E4M3, hasGrid),
        Key = Rows(random, NumberFormat.Float8E4M3, hasGrid),
        Probability = new(
            NumberFormat.Float8E4M3, Reference(random), random.Next(12) == 0 ? SoftmaxDenominator.Quantized : SoftmaxDenominator.Exact,
            CodeRounding.Nearest, random.Next(4) == 0 ? 240 : 0),
        Value = Values(random, NumberFormat.Float8E4M3),
        SmoothKey = random.Next(2) == 0,
    };

    private static QuantizationRecipe Integer(Random random, bool hasGrid) => new()
    {
        Name = "random-integer",
        Query = Rows(random, Signed[random.Next(Signed.Length)], hasGrid),
        Key = Rows(random, Signed[random.Next(Signed.Length)], hasGrid),
        Probability = new(
            Unsigned[random.Next(Unsigned.Length)], Reference(random), (SoftmaxDenominator)random.Next(2),
            random.Next(9) == 0 ? CodeRounding.TowardZero : CodeRounding.Nearest, random.Next(6) == 0 ? 13 : 0),
        Value = Values(random, Signed[random.Next(Signed.Length)]),
        SmoothKey = random.Next(2) == 0,
        SmoothQuery = random.Next(40) == 0,
        SmoothValue = random.Next(40) == 0,
        Hadamard = random.Next(40) == 0,
    };

    private static QuantizationRecipe Sage(Random random, bool hasGrid) => KnownRecipes.Sage with
    {
        Name = "random-sage",
        Query = Rows(random, Signed[random.Next(Signed.Length)], hasGrid),
        Key = random.Next(4) == 0 ? Rows(random, NumberFormat.Int8, hasGrid) : KnownRecipes.Sage.Key,
        Probability = new(
            NumberFormat.Float16, random.Next(8) == 0 ? Reference(random) : ProbabilityReference.RunningMaximum,
            random.Next(12) == 0 ? SoftmaxDenominator.Quantized : SoftmaxDenominator.Exact,
            random.Next(8) == 0 ? CodeRounding.TowardZero : CodeRounding.Nearest),
        SmoothKey = random.Next(2) == 0,
    };

    private static QuantizationRecipe Any(Random random)
    {
        NumberFormat Next() => Mixed[random.Next(Mixed.Length)];
        return new() { Name = "random-mixed", Query = new(Next()), Key = new(Next()), Probability = new(Next()), Value = new(Next(), QuantizationGranularity.PerChannel) };
    }

    private static ProbabilityReference Reference(Random random) =>
        random.Next(20) switch { 0 => ProbabilityReference.TileMaximum, < 10 => ProbabilityReference.TileRowMaximum, _ => ProbabilityReference.RunningMaximum };

    private static OperandFormat Rows(Random random, NumberFormat format, bool hasGrid) => random.Next(hasGrid ? 7 : 6) switch
    {
        0 or 1 => new(format),
        2 => new(format, QuantizationGranularity.PerHead),
        3 => new(format, random.Next(2) == 0 ? QuantizationGranularity.PerTensor : QuantizationGranularity.PerThread, 32 << random.Next(2)),
        4 or 5 => new(format, QuantizationGranularity.PerBlock, RowGroups[random.Next(RowGroups.Length)]),
        _ => new(format, QuantizationGranularity.PerTile, 0, new TileShape(random.Next(1, 4), random.Next(1, 5), random.Next(1, 5))),
    };

    private static OperandFormat Values(Random random, NumberFormat format) => random.Next(20) == 0
        ? new(format, QuantizationGranularity.PerToken)
        : new(format, QuantizationGranularity.PerChannel, ValueGroups[random.Next(ValueGroups.Length)]);
}
