using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Methods.Fps;
using Tessera.Methods.Paro;
using Tessera.Methods.SlidingTile;
using Tessera.Quantization;
using Tessera.Wan.Checkpoints;

namespace Tessera.Wan.SelfAttention.Calibration;

/// <summary>What a calibration in the running model looks at and what plans it makes.</summary>
public sealed record CalibrationSettings
{
    /// <summary>Groups of steps with plans of their own where nothing else is asked for: what the released PARO code has for Wan.</summary>
    public const int DefaultGroups = 4;

    private const int DefaultStride = 3;
    private const double DefaultDensity = 0.25;

    /// <summary>Methods that can be calibrated.</summary>
    public static IReadOnlyList<string> Methods { get; } = ["paro", "fps", "sta"];

    /// <summary>The transformer.</summary>
    public required WanTransformerConfig Model { get; init; }

    /// <summary>Tokens of the video.</summary>
    public required TokenGrid Grid { get; init; }

    /// <summary>Steps of the sampler.</summary>
    public required int StepCount { get; init; }

    /// <summary>
    /// <c>paro</c>: token order and block mask per head; <c>sta</c>: window per head; <c>fps</c>: window per noise phase and layer.
    /// </summary>
    public string Method { get; init; } = "paro";

    /// <summary>Share of blocks computed, in (0, 1].</summary>
    public double Density { get; init; } = DefaultDensity;

    /// <summary>Number formats of the plans; null for the method's own.</summary>
    public QuantizationRecipe? Recipe { get; init; }

    /// <summary>Tokens per block.</summary>
    public BlockSize BlockSize { get; init; } = BlockSize.Default;

    /// <summary>Dense warm-up that the schedule begins with; its steps and layers are not looked at.</summary>
    public DensePolicy WarmUp { get; init; }

    /// <summary>Equal groups of steps with plans of their own (PARO, STA); FPS has its three noise phases.</summary>
    public int Groups { get; init; } = DefaultGroups;

    /// <summary>Steps that are looked at, ascending; empty for every third one after the warm-up and one for each group.</summary>
    public IReadOnlyList<int> Steps { get; init; } = [];

    /// <summary>
    /// Rows of video queries per head that windows are judged on (STA, FPS).
    /// </summary>
    public int SampledRows { get; init; } = 64;

    /// <summary>Sizes of one call.</summary>
    public AttentionShape Shape => new(1, Model.Heads, Grid.Tokens, Grid.Tokens, Model.HeadDim);

    /// <summary>Groups in force: no more than steps.</summary>
    public int EffectiveGroups => Method == "fps" ? Enum.GetValues<FpsPhase>().Length : Math.Min(Groups, StepCount);

    /// <summary>PARO's settings: the defaults with this density.</summary>
    public ParoOptions Paro => new() { Density = Density };

    /// <summary>FPSAttention's settings: the defaults; windows come from the search.</summary>
    public static FpsOptions Fps => FpsOptions.Default;

    /// <summary>Tokens of a tile (STA, FPS).</summary>
    public static TileShape Tile => new SlidingTileOptions().Tile;

    /// <summary>Mask group of a step.</summary>
    /// <param name="step">Step of the sampler with its noise time.</param>
    public int GroupOf(StepContext step) =>
        Method == "fps" ? (int)Fps.PhaseOf(step.NoiseTime) : (int)((long)step.Step * EffectiveGroups / StepCount);

    /// <summary>The steps that are looked at.</summary>
    /// <param name="noiseTimes">Noise time of each step of the sampler.</param>
    /// <exception cref="ArgumentException">Settings are out of range, or a group that will run has no step to look at.</exception>
    public IReadOnlyList<int> StepsToObserve(IReadOnlyList<double> noiseTimes)
    {
        ArgumentNullException.ThrowIfNull(noiseTimes);
        Validate(noiseTimes.Count);
        ILookup<int, int> byGroup = Enumerable.Range(WarmUp.FirstSteps, StepCount - WarmUp.FirstSteps).ToLookup(
            step => GroupOf(new StepContext(step, StepCount, 0, Model.Layers) { NoiseTime = noiseTimes[step] }));
        if (Steps.Count == 0)
        {
            // A group without a step of the stride is looked at in its middle.
            return
            [
                .. byGroup.SelectMany(static group =>
                {
                    int[] regular = [.. group.Where(static step => step % DefaultStride == 1)];
                    return regular.Length > 0 ? regular : [group.ElementAt(group.Count() / 2)];
                }).Order(),
            ];
        }

        int[] steps = [.. Steps.Distinct().Order()];
        if (steps[0] < WarmUp.FirstSteps || steps[^1] >= StepCount)
        {
            throw new ArgumentException(
                $"Steps {string.Join(", ", steps)} are asked for; wanted steps {WarmUp.FirstSteps} to {StepCount - 1}, since earlier ones "
                    + "run dense.",
                nameof(noiseTimes));
        }

        foreach (IGrouping<int, int> group in byGroup)
        {
            if (!group.Intersect(steps).Any())
            {
                throw new ArgumentException(
                    $"No step of group {group.Key} (steps {group.Min()} to {group.Max()}) is looked at; name one of them or take fewer "
                        + "groups.",
                    nameof(noiseTimes));
            }
        }

        return steps;
    }

    /// <summary>Everything that the statistics depend on, as text.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{Method} density {Density:R} {Recipe?.Name ?? "own"} {Model.Layers}x{Model.Heads}x{Model.HeadDim} {Grid} blocks {BlockSize} ")
            + FormattableString.Invariant($"{WarmUp}, {EffectiveGroups} groups of {StepCount} steps, rows {SampledRows}, ")
            + $"steps {string.Join(',', Steps)}";

    private void Validate(int steps)
    {
        if (!Methods.Contains(Method))
        {
            throw new ArgumentException($"Method '{Method}' cannot be calibrated; wanted one of {string.Join(", ", Methods)}.");
        }

        if (!(Density is > 0 and <= 1))
        {
            throw new ArgumentException(
                FormattableString.Invariant($"Density {Density} is the share of blocks computed; wanted above 0 and at most 1."));
        }

        if (steps != StepCount || Groups < 1 || SampledRows < 1)
        {
            throw new ArgumentException(
                $"Wanted {StepCount} noise times, at least one group and one row; got {steps}, {Groups} and {SampledRows}.");
        }

        if (WarmUp.FirstSteps >= StepCount || WarmUp.FirstLayers >= Model.Layers)
        {
            throw new ArgumentException(
                $"The warm-up covers everything ({WarmUp} of {StepCount} steps and {Model.Layers} layers); nothing is left to calibrate.");
        }
    }
}
