using Tessera.Attention;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Launch;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;

namespace Tessera.Cuda.Planning;

/// <summary>
/// Translates a plan to kernels of this package, or says why none of them computes it. Pure: nothing of a device but its properties.
/// </summary>
internal static class PlanTranslation
{
    private const int LargestHeadDim = 128;

    /// <summary>Translates.</summary>
    /// <param name="plan">A valid plan.</param>
    /// <param name="device">Properties of the device.</param>
    /// <param name="planned">What it becomes; null with a fault.</param>
    /// <returns>Why not, with the remedy; null when it can.</returns>
    public static string? Translate(AttentionPlan plan, CudaDeviceProperties device, out PlannedAttention? planned)
    {
        planned = null;
        if ((FaultOfShape(plan) ?? FaultOfMask(plan) ?? FaultOfRecipe(plan.Recipe, device)) is { } fault)
        {
            return fault;
        }

        QuantizationRecipe recipe = plan.Recipe;
        int channels = plan.Shape.HeadDim <= 64 ? 64 : LargestHeadDim;
        NumberFormat operands = recipe.Query.Format.IsInteger() ? NumberFormat.Int8 : recipe.Query.Format;
        NumberFormat values = recipe.Value.Format.IsInteger() ? NumberFormat.Int8 : recipe.Value.Format;
        bool scaled = values.IsScaled();
        // Groups of one key block are met while quantising, however few slots there are; one larger group is all slots.
        bool grouped = recipe.Value.Group == PlannedAttention.KeySlots || recipe.Value.Group < plan.Mask.KeySlots;
        int valueGroup = scaled && grouped ? recipe.Value.Group : 0;
        bool fine = operands.IsScaled() && (!RowScales.IsUniformInBlock(recipe.Key) || valueGroup > 0);
        bool quantizedSum = recipe.Probability.Denominator == SoftmaxDenominator.Quantized;
        bool truncates = recipe.Probability.Rounding == CodeRounding.TowardZero;
        AttendInstance wanted = new(operands, channels, 64, fine, quantizedSum, truncates) { Values = values };
        if (!KernelCatalogue.Attention.Contains(wanted))
        {
            return truncates
                ? $"no kernel rounds probabilities toward zero with the scales or the denominator of recipe {recipe}"
                : $"recipe {recipe} scales keys {recipe.Key}; with values of {values} the kernels scale them per block of "
                    + $"{PlannedAttention.KeySlots}";
        }

        int maskRows = BlockLists.KeepsEverything(plan.Mask) ? 0 : plan.Mask.Size.Query;
        bool hasLarge = KernelCatalogue.Attention.Contains(wanted with { Rows = 128 });
        int rows = LaunchHeuristics.QueryRows(
            plan.Shape.Batch * plan.Shape.Heads, plan.Mask.QuerySlots, maskRows, hasLarge, device);
        AttendInstance chosen = wanted with { Rows = rows };
        if (chosen.SharedBytes > device.SharedBytesPerBlock)
        {
            chosen = wanted;
        }

        if (chosen.SharedBytes > device.SharedBytesPerBlock)
        {
            return $"kernel {chosen} needs {chosen.SharedBytes} bytes of shared memory a block; "
                + $"{device.Name} has {device.SharedBytesPerBlock}";
        }

        planned = new PlannedAttention
        {
            Attend = chosen,
            Query = RowScales.Of(recipe.Query),
            Key = RowScales.Of(recipe.Key),
            ValueGroupSlots = valueGroup,
            ValueMaximumCode = scaled ? recipe.Value.Format.MaximumCode() : 1,
            CodeOfOne = recipe.Probability.CodeOfOne,
            UsesTileReference = recipe.Probability.Reference == ProbabilityReference.TileRowMaximum,
            QuerySlots = plan.Mask.QuerySlots,
            KeySlotCount = plan.Mask.KeySlots,
        };
        return null;
    }

    private static string? FaultOfShape(AttentionPlan plan)
    {
        AttentionShape shape = plan.Shape;
        return shape.HeadDim > LargestHeadDim
                ? $"heads have {shape.HeadDim} channels; the kernels hold at most {LargestHeadDim}"
            : shape.Heads > LaunchShape.MaximumGridYZ
                ? $"{shape.Heads} heads exceed a grid of {LaunchShape.MaximumGridYZ}; run fewer at once"
            : (long)shape.Batch * shape.Heads * CeilingDivision.Of(plan.Mask.QuerySlots, 64) > int.MaxValue
                ? "the query tiles of all heads exceed 2^31; run fewer sequences at once"
            : plan.EffectiveScale < 0
                ? $"the scale of scores is {plan.EffectiveScale}; the kernels take maxima before it and need 0 or more: negate the queries"
            : plan.ScoreModifier is not null ? $"score functor {plan.ScoreModifier} runs on the cpu and reference backends only"
            : plan.Normalization == SoftmaxNormalization.WholeRow
                ? "normalisation by the whole row runs on the cpu and reference backends only"
            : plan.ProbabilitySkipThreshold is not null
                ? "the second stage of SpargeAttention runs on the cpu and reference backends only"
                : null;
    }

    private static string? FaultOfMask(AttentionPlan plan)
    {
        BlockMask mask = plan.Mask;
        if (plan.Recipe.Probability.Reference == ProbabilityReference.TileRowMaximum
            && mask.Size.Key != PlannedAttention.KeySlots && mask.KeySlots > Math.Min(mask.Size.Key, PlannedAttention.KeySlots))
        {
            return $"key blocks of {mask.Size.Key} tokens; probabilities against the maximum of a tile are taken over tiles of "
                + $"{PlannedAttention.KeySlots}";
        }

        foreach (TokenOrder order in plan.Orders)
        {
            if (order.IsPadded && order.Alignment % PlannedAttention.KeySlots != 0)
            {
                return $"order {order.Name} pads every {order.Alignment} slots; wanted a multiple of {PlannedAttention.KeySlots}";
            }
        }

        if (BlockLists.KeepsEverything(mask))
        {
            return null;
        }

        return mask.Size.Query % 64 != 0 || mask.Size.Key % PlannedAttention.KeySlots != 0
                ? $"blocks of {mask.Size}; wanted multiples of 64 x {PlannedAttention.KeySlots}"
            : mask.Predicate is { } predicate && plan.Shape.Batch > 1 && !MaskUniformity.IsUniform(predicate)
                ? $"mask functor {predicate} may tell sequences of a batch apart; run one sequence at a time"
                : null;
    }

    private static string? FaultOfRecipe(QuantizationRecipe recipe, CudaDeviceProperties device)
    {
        if (recipe.SmoothQuery || recipe.SmoothValue || recipe.Hadamard)
        {
            string transform = recipe.SmoothQuery ? "smoothed queries" : recipe.SmoothValue ? "smoothed values" : "a Hadamard transform";
            return $"recipe {recipe} has {transform}; the kernels smooth keys only";
        }

        return recipe.Query.Format switch
        {
            NumberFormat.BFloat16 => FaultOfBFloat16(recipe),
            NumberFormat.Int8 or NumberFormat.Int7 or NumberFormat.Int4 => FaultOfInteger(recipe),
            NumberFormat.Float8E4M3 => FaultOfE4M3(recipe, device),
            NumberFormat.Float32 => $"recipe {recipe} is binary32, which tensor cores do not multiply; take recipe bf16 or int8",
            NumberFormat other => $"recipe {recipe} has queries of {other}; the kernels take BFloat16, Int8, Int7, Int4 and Float8E4M3",
        };
    }

    private static string? FaultOfBFloat16(QuantizationRecipe recipe) =>
        (recipe.Key.Format, recipe.Value.Format, recipe.Probability.Format)
                != (NumberFormat.BFloat16, NumberFormat.BFloat16, NumberFormat.BFloat16)
            ? Mixed(recipe)
        : FaultOfExactSums(recipe);

    // Probabilities of 16 bits carry exponents of their own: the kernels know one way to take them.
    private static string? FaultOfExactSums(QuantizationRecipe recipe) =>
        recipe.Probability.Denominator != SoftmaxDenominator.Exact
            ? $"recipe {recipe} sums rounded probabilities; kernels with probabilities of 16 bits sum exact ones"
        : recipe.Probability.Reference != ProbabilityReference.RunningMaximum
            ? $"recipe {recipe} takes probabilities of 16 bits against the maximum of a tile; the kernels take the running one"
        : recipe.Probability.Rounding != CodeRounding.Nearest
            ? $"recipe {recipe} truncates probabilities of 16 bits; the kernels round them to nearest"
            : null;

    private static string? FaultOfInteger(QuantizationRecipe recipe) =>
        !IsSigned(recipe.Key.Format) ? Mixed(recipe)
            : (recipe.Value.Format, recipe.Probability.Format) == (NumberFormat.Float16, NumberFormat.Float16) ? FaultOfExactSums(recipe)
            : !IsSigned(recipe.Value.Format) || !recipe.Probability.Format.IsInteger() ? Mixed(recipe)
            : FaultOfValues(recipe) ?? FaultOfReference(recipe);

    private static string? FaultOfE4M3(QuantizationRecipe recipe, CudaDeviceProperties device)
    {
        if ((recipe.Key.Format, recipe.Value.Format, recipe.Probability.Format)
            != (NumberFormat.Float8E4M3, NumberFormat.Float8E4M3, NumberFormat.Float8E4M3))
        {
            return Mixed(recipe);
        }

        // sm_90 has E4M3 in wgmma only; its mma.sync goes through binary16 units at half the rate of INT8.
        return device.Architecture < 89
                ? $"recipe {recipe} needs sm_89; {device.Name} is {device.ArchitectureName}"
            : device.Architecture is >= 90 and < 100
                ? $"recipe {recipe} on {device.ArchitectureName} needs warp-group products, which have no kernel yet; take recipe int8"
            : recipe.Probability.Denominator != SoftmaxDenominator.Exact
                ? $"recipe {recipe} sums rounded probabilities; E4M3 kernels sum exact ones"
            : FaultOfValues(recipe) ?? FaultOfReference(recipe);
    }

    private static string? FaultOfValues(QuantizationRecipe recipe) =>
        recipe.Value.Granularity != QuantizationGranularity.PerChannel || recipe.Value.Group % PlannedAttention.KeySlots != 0
            ? $"recipe {recipe} scales values {recipe.Value}; the kernels scale them per channel, over all slots or multiples of "
                + $"{PlannedAttention.KeySlots}"
            : null;

    private static string? FaultOfReference(QuantizationRecipe recipe) =>
        recipe.Probability.Reference == ProbabilityReference.TileMaximum
            ? $"recipe {recipe} takes probabilities against the maximum of a whole tile; the kernels take a row's"
            : null;

    private static bool IsSigned(NumberFormat format) => format is NumberFormat.Int8 or NumberFormat.Int7 or NumberFormat.Int4;

    private static string Mixed(QuantizationRecipe recipe) =>
        $"recipe {recipe} mixes {recipe.Query.Format} queries, {recipe.Key.Format} keys, {recipe.Probability.Format} probabilities and "
            + $"{recipe.Value.Format} values; the kernels take integers, bfloat16 or E4M3 for all four, or binary16 with integers";
}
