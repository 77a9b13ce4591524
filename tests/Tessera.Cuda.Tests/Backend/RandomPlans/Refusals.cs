using System.Text.RegularExpressions;
using Tessera.Attention;
using Tessera.Masks;
using Tessera.Quantization;
using Xunit;

namespace Tessera.Cuda.Tests.Backend.RandomPlans;

/// <summary>
/// What the kernels do not compute, told from the plan alone and not from the code that refuses: a refusal must say something true, and
/// a plan of which none of this is true must be taken.
/// </summary>
internal static class Refusals
{
    private static readonly (string Reason, Func<PlanDraw, bool> Holds)[] All =
    [
        ("scale of scores is -", static draw => draw.Plan.Scale < 0),
        ("score functor", static draw => draw.Plan.ScoreModifier is not null),
        ("normalisation by the whole row", static draw => draw.Plan.Normalization == SoftmaxNormalization.WholeRow),
        ("second stage of SpargeAttention", static draw => draw.Plan.ProbabilitySkipThreshold is not null),
        (@"key blocks of \d+ tokens; .* over tiles of 64", static draw => HasOtherTiles(draw.Plan)),
        ("pads every", static draw => draw.Plan.Orders.Any(static order => order.IsPadded && order.Alignment % 64 != 0)),
        ("wanted multiples of 64 x 64", static draw => !KeepsAll(draw.Plan.Mask) && (draw.Plan.Mask.Size.Query % 64 != 0 || draw.Plan.Mask.Size.Key % 64 != 0)),
        ("may tell sequences of a batch apart", static draw => draw.Plan.Shape.Batch > 1 && draw.Plan.Mask.Predicate?.Mod is PlanDraw.HalvesOfHeads),
        ("has smoothed queries", static draw => draw.Plan.Recipe.SmoothQuery),
        ("has smoothed values", static draw => draw.Plan.Recipe.SmoothValue),
        ("has a Hadamard transform", static draw => draw.Plan.Recipe.Hadamard),
        ("binary32, which tensor cores do not multiply", static draw => draw.Plan.Recipe.Query.Format == NumberFormat.Float32),
        (@"queries of \w+; the kernels take", static draw => draw.Plan.Recipe.Query.Format == NumberFormat.Float16),
        ("mixes", static draw => !IsSage(draw.Plan.Recipe) && Families(draw.Plan.Recipe).Distinct().Count() > 1),
        ("sums rounded probabilities", static draw =>
            draw.Plan.Recipe.Probability.Denominator == SoftmaxDenominator.Quantized && !draw.Plan.Recipe.Probability.Format.IsInteger()),
        ("probabilities of 16 bits against the maximum of a tile", static draw =>
            HasSixteenBits(draw.Plan.Recipe) && draw.Plan.Recipe.Probability.Reference != ProbabilityReference.RunningMaximum),
        ("truncates probabilities of 16 bits", static draw =>
            HasSixteenBits(draw.Plan.Recipe) && draw.Plan.Recipe.Probability.Rounding == CodeRounding.TowardZero),
        ("with values of Float16", static draw => IsSage(draw.Plan.Recipe) && IsFine(draw.Plan)),
        ("needs sm_89", static draw => draw.Plan.Recipe.Query.Format == NumberFormat.Float8E4M3 && draw.Architecture < 89),
        ("needs warp-group products", static draw => draw.Plan.Recipe.Query.Format == NumberFormat.Float8E4M3 && draw.Architecture == 90),
        ("scales values", static draw => draw.Plan.Recipe.Value.Format.IsScaled()
            && (draw.Plan.Recipe.Value.Granularity != QuantizationGranularity.PerChannel || draw.Plan.Recipe.Value.Group % 64 != 0)),
        ("takes probabilities against the maximum of a whole tile", static draw => draw.Plan.Recipe.Probability.Reference == ProbabilityReference.TileMaximum),
        ("rounds probabilities toward zero", static draw => draw.Plan.Recipe.Probability.Rounding == CodeRounding.TowardZero
            && (draw.Plan.Recipe.Probability.Denominator == SoftmaxDenominator.Quantized || IsFine(draw.Plan))),
    ];

    /// <summary>Whether any reason holds.</summary>
    public static bool Any(PlanDraw draw) => All.Any(entry => entry.Holds(draw));

    /// <summary>Reasons that hold for none of some plans.</summary>
    public static IEnumerable<string> NotMetBy(PlanDraw[] draws) => All.Where(entry => !draws.Any(entry.Holds)).Select(static entry => entry.Reason);

    /// <summary>Checks that a reason is one of these, and that it holds.</summary>
    public static void AssertTrue(PlanDraw draw, string reason)
    {
        (string Reason, Func<PlanDraw, bool> Holds)[] matching = [.. All.Where(entry => Regex.IsMatch(reason, entry.Reason))];
        Assert.True(matching.Length == 1, $"{draw}: '{reason}' is one of {matching.Length} known reasons");
        Assert.True(matching[0].Holds(draw), $"{draw}: '{reason}' is not true");
    }

    private static bool KeepsAll(BlockMask mask) => mask.Predicate is null && mask.Density == 1;

    private static bool HasOtherTiles(AttentionPlan plan) =>
        plan.Recipe.Probability.Reference == ProbabilityReference.TileRowMaximum
        && (plan.Mask.Size.Key < 64 ? plan.Mask.KeySlots > plan.Mask.Size.Key : plan.Mask.Size.Key > 64 && plan.Mask.KeySlots > 64);

    // Integers with binary16 probabilities and values.
    private static bool IsSage(QuantizationRecipe recipe) =>
        recipe.Query.Format.IsInteger() && recipe.Key.Format.IsInteger()
        && (recipe.Probability.Format, recipe.Value.Format) == (NumberFormat.Float16, NumberFormat.Float16);

    private static bool HasSixteenBits(QuantizationRecipe recipe) => recipe.Query.Format == NumberFormat.BFloat16 || IsSage(recipe);

    private static IEnumerable<int> Families(QuantizationRecipe recipe) =>
        new[] { recipe.Query.Format, recipe.Key.Format, recipe.Probability.Format, recipe.Value.Format }
            .Select(static format => format.IsInteger() ? -1 : (int)format);

    // A scale that changes within 64 keys, or from one key block to the next for a value channel.
    private static bool IsFine(AttentionPlan plan)
    {
        OperandFormat key = plan.Recipe.Key;
        int group = plan.Recipe.Value.Group;
        bool wholeKeys = key.Granularity is QuantizationGranularity.PerTensor or QuantizationGranularity.PerHead
            || (key.Granularity == QuantizationGranularity.PerBlock && key.Group % 64 == 0);
        return !wholeKeys || (group > 0 && (group == 64 || group < plan.Mask.KeySlots));
    }
}
