using Tessera.Attention;
using Tessera.Masks;
using Tessera.Quantization;

namespace Tessera.Methods.Sage;

/// <summary>
/// SageAttention: dense attention whose Q and K are 8-bit integers with K smoothed, and whose P and V are binary16, FP8 or 8-bit integers.
/// </summary>
/// <param name="options">Settings; null for SageAttention2.</param>
public sealed class SageMethod(SageOptions? options = null) : IAttentionMethod
{
    /// <inheritdoc/>
    public string Name => "sage";

    /// <summary>Settings in force.</summary>
    public SageOptions Options { get; } = options ?? new SageOptions();

    /// <inheritdoc/>
    public bool IsOnline => false;

    /// <inheritdoc/>
    public MethodDescription Describe() => new(
        "SageAttention and SageAttention2",
        "SageAttention: Accurate 8-Bit Attention for Plug-and-play Inference Acceleration, ICLR 2025, arXiv 2410.02367; "
            + "SageAttention2, ICML 2025, arXiv 2411.10958",
        $"recipe {Options.Recipe}, every block",
        [
            "The mean that V smoothing subtracts is taken over valid tokens; the released code divides by a count padded to 16.",
            "The log-sum-exp includes the term that K smoothing removes, so partial results can be merged.",
            "Head dimensions 1 to 256 run as they are, without padding to 64 or 128.",
            "Probabilities accumulate in binary32; the mixed 16-bit accumulators of SageAttention2++ are a GPU matter.",
        ]);

    /// <inheritdoc/>
    public AttentionPlan Plan(in AttentionInputs inputs, in PlanningContext context, CancellationToken cancellationToken = default)
    {
        AttentionShape shape = inputs.Shape;
        QuantizationRecipe recipe = context.Recipe ?? Options.Recipe;
        bool onGrid = context.Grid.Tokens == shape.QueryLength && shape.QueryLength == shape.KeyLength;
        return new AttentionPlan
        {
            Name = recipe.Name,
            Shape = shape,
            Grid = onGrid ? context.Grid : null,
            Mask = BlockMask.Dense(shape.QueryLength, shape.KeyLength, context.BlockSize),
            Recipe = recipe,
            Scale = context.Scale,
        };
    }
}
