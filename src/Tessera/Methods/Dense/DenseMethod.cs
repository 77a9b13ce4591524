using Tessera.Attention;
using Tessera.Masks;
using Tessera.Quantization;

namespace Tessera.Methods.Dense;

/// <summary>
/// Every query sees every key: the yardstick of all other methods, exact or with a recipe. Query and key lengths may differ.
/// </summary>
/// <param name="options">Settings; null for the defaults.</param>
public sealed class DenseMethod(DenseOptions? options = null) : IAttentionMethod
{
    /// <inheritdoc/>
    public string Name => "dense";

    /// <summary>Settings in force.</summary>
    public DenseOptions Options { get; } = options ?? new DenseOptions();

    /// <inheritdoc/>
    public bool IsOnline => false;

    /// <inheritdoc/>
    public MethodDescription Describe() => new(
        "Dense attention",
        "FlashAttention-2: Faster Attention with Better Parallelism and Work Partitioning, ICLR 2024, arXiv 2307.08691",
        $"recipe {Options.Recipe}",
        ["Tiled online softmax in base 2 as in FlashAttention-2; key blocks are visited in ascending order, the ragged one last."]);

    /// <inheritdoc/>
    public AttentionPlan Plan(in AttentionInputs inputs, in PlanningContext context, CancellationToken cancellationToken = default)
    {
        AttentionShape shape = inputs.Shape;
        QuantizationRecipe recipe = context.Recipe ?? Options.Recipe;
        bool onGrid = context.Grid.Tokens == shape.QueryLength && shape.QueryLength == shape.KeyLength;
        return new AttentionPlan
        {
            Name = recipe.IsExact ? "dense" : $"dense-{recipe.Name}",
            Shape = shape,
            Grid = onGrid ? context.Grid : null,
            Mask = BlockMask.Dense(shape.QueryLength, shape.KeyLength, context.BlockSize),
            Recipe = recipe,
            Scale = context.Scale,
        };
    }
}
