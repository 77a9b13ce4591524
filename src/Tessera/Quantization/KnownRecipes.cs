using Tessera.Layout;

namespace Tessera.Quantization;

/// <summary>Published and recommended recipes.</summary>
public static class KnownRecipes
{
    private const int KeyGroup = 64;

    /// <summary>No quantisation.</summary>
    public static QuantizationRecipe Float32 { get; } = new() { Name = "none" };

    /// <summary>bfloat16 operands with float32 sums: what dense attention of video models computes on a GPU.</summary>
    public static QuantizationRecipe BFloat16 { get; } = new()
    {
        Name = "bf16",
        Query = new(NumberFormat.BFloat16),
        Key = new(NumberFormat.BFloat16),
        Probability = new(NumberFormat.BFloat16),
        Value = new(NumberFormat.BFloat16),
    };

    /// <summary>
    /// 8 bits everywhere: Q and K per token with K smoothed, P unsigned against the tile's row maximum with its own sum as denominator, V
    /// per channel and 64 tokens (docs/methods/paro.md). Needs an unsigned-by-signed 8-bit dot product that does not saturate to be fast.
    /// </summary>
    public static QuantizationRecipe Int8 { get; } = new()
    {
        Name = "int8",
        Query = new(NumberFormat.Int8),
        Key = new(NumberFormat.Int8),
        Probability = new(NumberFormat.UInt8, ProbabilityReference.TileRowMaximum, SoftmaxDenominator.Quantized),
        Value = new(NumberFormat.Int8, QuantizationGranularity.PerChannel, KeyGroup),
        SmoothKey = true,
    };

    /// <summary>
    /// As <see cref="Int8"/> with 7-bit Q and P next to 8-bit K and V: sums of two products fit 16 bits, which plain AVX2 needs
    /// (cpu-performance notes in docs/performance.md).
    /// </summary>
    public static QuantizationRecipe Int8Narrow { get; } = Int8 with
    {
        Name = "int8-narrow",
        Query = new(NumberFormat.Int7),
        Probability = new(NumberFormat.UInt7, ProbabilityReference.TileRowMaximum, SoftmaxDenominator.Quantized),
    };

    /// <summary>4-bit K and V next to 8-bit Q and 7-bit P: near the speed of INT4 with less error.</summary>
    public static QuantizationRecipe KeyValue4 { get; } = new()
    {
        Name = "k4v4",
        Query = new(NumberFormat.Int8),
        Key = new(NumberFormat.Int4),
        Probability = new(NumberFormat.UInt7, ProbabilityReference.TileRowMaximum, SoftmaxDenominator.Quantized),
        Value = new(NumberFormat.Int4, QuantizationGranularity.PerChannel, KeyGroup),
        SmoothKey = true,
    };

    /// <summary>4 bits everywhere, with Q and K smoothed (the smoothing of SageAttention2, arXiv 2411.10958).</summary>
    public static QuantizationRecipe Int4 { get; } = new()
    {
        Name = "int4",
        Query = new(NumberFormat.Int4),
        Key = new(NumberFormat.Int4),
        Probability = new(NumberFormat.UInt4, ProbabilityReference.TileRowMaximum, SoftmaxDenominator.Quantized),
        Value = new(NumberFormat.Int4, QuantizationGranularity.PerChannel, KeyGroup),
        SmoothKey = true,
        SmoothQuery = true,
    };

    /// <summary>
    /// FPSAttention's FP8: Q and K E4M3 per 3D tile, V E4M3 per channel, P E4M3 at 1/448, FP32 denominator (FPSAttention, arXiv 2506.04648,
    /// Algorithm 1).
    /// </summary>
    public static QuantizationRecipe Fps(TileShape scaleTile, float probabilityScale = 448f) => new()
    {
        Name = probabilityScale == 448f ? $"fp8-tile-{scaleTile}" : $"fp8-tile-{scaleTile}-p{probabilityScale:0}",
        Query = new(NumberFormat.Float8E4M3, QuantizationGranularity.PerTile, 0, scaleTile),
        Key = new(NumberFormat.Float8E4M3, QuantizationGranularity.PerTile, 0, scaleTile),
        Probability = new(
            NumberFormat.Float8E4M3, ProbabilityReference.RunningMaximum, SoftmaxDenominator.Exact, CodeRounding.Nearest, probabilityScale),
        Value = new(NumberFormat.Float8E4M3, QuantizationGranularity.PerChannel),
    };

    /// <summary>FP8 without a grid: as <see cref="Fps"/> with one scale per 64 tokens of Q and K.</summary>
    public static QuantizationRecipe Float8 { get; } = Fps(new TileShape(1, 1, 1)) with
    {
        Name = "fp8",
        Query = new(NumberFormat.Float8E4M3, QuantizationGranularity.PerBlock, KeyGroup),
        Key = new(NumberFormat.Float8E4M3, QuantizationGranularity.PerBlock, KeyGroup),
    };

    /// <summary>SageAttention: INT8 Q and K per block with K smoothed, P and V in binary16.</summary>
    public static QuantizationRecipe Sage { get; } = new()
    {
        Name = "sage",
        Query = new(NumberFormat.Int8, QuantizationGranularity.PerBlock, 128),
        Key = new(NumberFormat.Int8, QuantizationGranularity.PerBlock, KeyGroup),
        Probability = new(NumberFormat.Float16),
        Value = new(NumberFormat.Float16),
        SmoothKey = true,
    };

    /// <summary>SageAttention2: INT8 Q and K per thread with K smoothed, P E4M3 at 1/448, V E4M3 per channel.</summary>
    public static QuantizationRecipe Sage2 { get; } = new()
    {
        Name = "sage2",
        Query = new(NumberFormat.Int8, QuantizationGranularity.PerThread, 32),
        Key = new(NumberFormat.Int8, QuantizationGranularity.PerThread, KeyGroup),
        Probability = new(NumberFormat.Float8E4M3),
        Value = new(NumberFormat.Float8E4M3, QuantizationGranularity.PerChannel),
        SmoothKey = true,
    };

    /// <summary>SageAttention-vB: as <see cref="Sage"/> with INT8 P at a static 1/127 and INT8 V per channel.</summary>
    public static QuantizationRecipe SageInt8Value { get; } = Sage with
    {
        Name = "sage-int8v",
        Probability = new(NumberFormat.Int8),
        Value = new(NumberFormat.Int8, QuantizationGranularity.PerChannel),
    };

    /// <summary>
    /// The quantiser of the released PARO kernels, for comparison: Q per 32 and K per 64 rows without smoothing, P truncated at a static
    /// 1/127 (docs/methods/paro.md).
    /// </summary>
    public static QuantizationRecipe ParoReleased { get; } = new()
    {
        Name = "paro-released",
        Query = new(NumberFormat.Int8, QuantizationGranularity.PerBlock, 32),
        Key = new(NumberFormat.Int8, QuantizationGranularity.PerBlock, KeyGroup),
        Probability = new(NumberFormat.Int8, ProbabilityReference.RunningMaximum, SoftmaxDenominator.Exact, CodeRounding.TowardZero),
        Value = new(NumberFormat.Int8, QuantizationGranularity.PerChannel),
    };

    /// <summary>All recipes that need no parameter.</summary>
    public static IReadOnlyList<QuantizationRecipe> All { get; } =
        [Float32, BFloat16, Int8, Int8Narrow, KeyValue4, Int4, Float8, Sage, Sage2, SageInt8Value, ParoReleased];

    /// <summary>The recipe of a name.</summary>
    /// <exception cref="ArgumentException">No recipe has that name; the message lists them.</exception>
    public static QuantizationRecipe Parse(string name) =>
        All.FirstOrDefault(recipe => recipe.Name == name)
        ?? throw new ArgumentException($"Quantization '{name}' is unknown; wanted one of {string.Join(", ", All)}.", nameof(name));
}
