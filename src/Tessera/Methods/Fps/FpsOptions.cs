using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;

namespace Tessera.Methods.Fps;

/// <summary>
/// Settings of FPSAttention. The paper leaves the schedule values open (0 &lt; alpha1 &lt; alpha2 &lt; 1, three granularities, three
/// windows); the values here are ours, over its published tile and window sizes.
/// </summary>
public sealed record FpsOptions
{
    /// <summary>(6,6,1) throughout: the paper's window of Table 4. Mean density 0.143 at 480p, 0.100 at 720p.</summary>
    public static FpsOptions Flat { get; } = new() { Preset = "flat", Windows = [new(6, 6, 1), new(6, 6, 1), new(6, 6, 1)] };

    /// <summary>(6,6,1), (6,6,2), (6,6,1): nearest to the paper's reported kernel speed. Mean density 0.229 and 0.160.</summary>
    public static FpsOptions Speed { get; } = new() { Preset = "speed", Windows = [new(6, 6, 1), new(6, 6, 2), new(6, 6, 1)] };

    /// <summary>(6,6,1), (6,6,3), (6,6,2). Mean density 0.343 and 0.240.</summary>
    public static FpsOptions Default { get; } = new();

    /// <summary>(6,6,3), (6,6,5), (6,6,3): for models that were not trained with the mask. Mean density 0.600 and 0.420.</summary>
    public static FpsOptions Safe { get; } = new() { Preset = "safe", Windows = [new(6, 6, 3), new(6, 6, 5), new(6, 6, 3)] };

    /// <summary>The presets.</summary>
    public static IReadOnlyList<FpsOptions> Presets => [Flat, Speed, Default, Safe];

    /// <summary>Name of the preset that the settings started from.</summary>
    public string Preset { get; init; } = "default";

    /// <summary>Tokens of a mask tile; stays the same in all phases, so tokens are permuted once per generation.</summary>
    public TileShape Tile { get; init; } = new(6, 8, 8);

    /// <summary>
    /// Window per phase, in tiles: early (sparse), middle (dense), late (medium). Ignored when <see cref="Density"/> is given.
    /// </summary>
    public IReadOnlyList<TileWindow> Windows { get; init; } = [new(6, 6, 1), new(6, 6, 3), new(6, 6, 2)];

    /// <summary>
    /// Scale tile of Q and K per phase: early (coarse), middle (fine), late (intermediate). Nested 2x2x2, so coarse scales are maxima of
    /// fine ones.
    /// </summary>
    public IReadOnlyList<TileShape> ScaleTiles { get; init; } = [new(24, 32, 32), new(6, 8, 8), new(12, 16, 16)];

    /// <summary>Share of the sampling that is early.</summary>
    public double Alpha1 { get; init; } = 0.2;

    /// <summary>Share of the sampling after which it is late.</summary>
    public double Alpha2 { get; init; } = 0.8;

    /// <summary>Density that picks one window for all phases; null leaves <see cref="Windows"/> in force.</summary>
    public double? Density { get; init; }

    /// <summary>Side of the density on which that window may lie.</summary>
    public SlidingTile.DensityBound Bound { get; init; }

    /// <summary>E4M3 code of a probability of 1: 448 as the paper, or 256, an exact shift of the exponent.</summary>
    public float ProbabilityScale { get; init; } = 448;

    /// <summary>
    /// Maximum that the exponent of P is taken against. The tile's own row maximum avoids the underflow of P under an attention sink in any
    /// order of keys.
    /// </summary>
    public ProbabilityReference ProbabilityReference { get; init; } = ProbabilityReference.RunningMaximum;

    /// <summary>Subtract the per-head channel mean of K over valid tokens first; exact under the softmax.</summary>
    public bool SmoothKey { get; init; }

    /// <summary>One signed 128-point Walsh-Hadamard transform of the channels of Q and K; exact since orthogonal.</summary>
    public bool Hadamard { get; init; }

    /// <summary>One scale per query row instead of per tile; free in the kernel.</summary>
    public bool ScalePerQueryRow { get; init; }

    /// <summary>Executed steps from the first that run the full window in FP8.</summary>
    public int DenseSteps { get; init; }

    /// <summary>Layers from the first that run the full window in FP8.</summary>
    public int DenseLayers { get; init; }

    /// <summary>The preset of a name.</summary>
    /// <exception cref="ArgumentException">No preset has that name; the message lists them.</exception>
    public static FpsOptions Parse(string preset) =>
        Presets.FirstOrDefault(options => options.Preset == preset)
        ?? throw new ArgumentException(
            $"FPS preset '{preset}' is unknown; wanted one of {string.Join(", ", Presets.Select(static options => options.Preset))}.",
            nameof(preset));

    /// <summary>Phase of a noise time u: early iff u &gt; 1 - alpha1, late iff u &lt;= 1 - alpha2.</summary>
    public FpsPhase PhaseOf(double noiseTime)
    {
        const double Tolerance = 1e-9;
        return noiseTime > 1 - Alpha1 + Tolerance ? FpsPhase.Early : noiseTime <= 1 - Alpha2 + Tolerance ? FpsPhase.Late : FpsPhase.Middle;
    }

    /// <summary>Recipe of a phase.</summary>
    public QuantizationRecipe RecipeOf(FpsPhase phase)
    {
        QuantizationRecipe recipe = KnownRecipes.Fps(ScaleTiles[(int)phase], ProbabilityScale);
        return recipe with
        {
            Name = $"{recipe.Name}{(SmoothKey ? "-smooth-k" : "")}{(Hadamard ? "-hadamard" : "")}{(ScalePerQueryRow ? "-row-q" : "")}"
                + $"{(ProbabilityReference == ProbabilityReference.RunningMaximum ? "" : "-tile-p")}",
            Query = ScalePerQueryRow ? new(NumberFormat.Float8E4M3) : recipe.Query,
            Probability = recipe.Probability with { Reference = ProbabilityReference },
            SmoothKey = SmoothKey,
            Hadamard = Hadamard,
        };
    }

    /// <summary>
    /// Mean share of tile pairs over a sampling with even steps, the figure that presets quote: the windows' densities weighted by alpha1,
    /// alpha2 - alpha1 and 1 - alpha2.
    /// </summary>
    public double MeanTileDensity(TokenGrid grid)
    {
        (int, int, int) counts = Tile.CountIn(grid);
        return (Alpha1 * Windows[0].TileDensity(counts))
            + ((Alpha2 - Alpha1) * Windows[1].TileDensity(counts))
            + ((1 - Alpha2) * Windows[2].TileDensity(counts));
    }

    /// <summary>Checks the settings.</summary>
    /// <exception cref="ArgumentException">They contradict each other; the message names them.</exception>
    internal void Validate()
    {
        if (!(Alpha1 > 0 && Alpha1 < Alpha2 && Alpha2 < 1))
        {
            throw new ArgumentException($"alpha1 is {Alpha1} and alpha2 {Alpha2}; wanted 0 < alpha1 < alpha2 < 1.", nameof(Alpha1));
        }

        if (Windows.Count != 3 || ScaleTiles.Count != 3)
        {
            throw new ArgumentException(
                $"{Windows.Count} windows and {ScaleTiles.Count} scale tiles were given; "
                    + "wanted three of each, for the early, middle and late phase.",
                nameof(Windows));
        }

        if (ProbabilityScale is not (448 or 256))
        {
            throw new ArgumentException(
                $"The probability scale is {ProbabilityScale}; wanted 448 (the largest E4M3 code) or 256 (an exact power of two). "
                    + "Smaller scales flush small probabilities to zero.",
                nameof(ProbabilityScale));
        }

        ArgumentOutOfRangeException.ThrowIfNegative(DenseSteps);
        ArgumentOutOfRangeException.ThrowIfNegative(DenseLayers);
    }

    /// <summary>The full window of the first steps and layers.</summary>
    internal DensePolicy DensePolicy => new(DenseSteps, DenseLayers);
}
