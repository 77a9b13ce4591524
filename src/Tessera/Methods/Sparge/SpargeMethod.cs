using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;

namespace Tessera.Methods.Sparge;

/// <summary>
/// SpargeAttention: per call, mean tokens of blocks predict which key blocks matter to each query block; blocks whose tokens are not alike
/// are not trusted to a mean and kept whole. A second stage inside the kernel skips PV of tiles that the running maximum has left behind.
/// </summary>
/// <param name="options">Settings; null for the defaults.</param>
public sealed class SpargeMethod(SpargeOptions? options = null) : IAttentionMethod
{
    /// <inheritdoc/>
    public string Name => "sparge";

    /// <summary>Settings in force.</summary>
    public SpargeOptions Options { get; } = options ?? new SpargeOptions();

    /// <inheritdoc/>
    public bool IsOnline => true;

    /// <inheritdoc/>
    public MethodDescription Describe() => new(
        "SpargeAttention: training-free sparse attention by pooled prediction",
        "SpargeAttention: Accurate and Training-free Sparse Attention Accelerating Any Model Inference, ICML 2025, arXiv 2502.18137",
        FormattableString.Invariant($"{Selection}, self-similarity {Options.SelfSimilarity:0.##}, ")
            + $"PV skip {(Options.ProbabilitySkip is { } skip ? FormattableString.Invariant($"{skip:0.##}") : "off")}, "
            + FormattableString.Invariant($"smooth K {Options.SmoothKey}, sink {Options.AttentionSink}"),
        [
            "Self-similarity counts valid tokens only and a zero vector is similar to nothing; "
                + "the released code divides by a zero norm in a ragged last block and so always keeps it.",
            "Batch entries share one mask: predictions are averaged, and a block is fix when any entry calls it fix.",
            "Equal predictions go to the lower block index, so that plans are deterministic.",
            "Blocks default to the lattice of the plan (64x64); the authors use 128x64.",
            "Mask and second stage only: number formats come from the recipe (the authors pair it with INT8 Q and K and FP8 V).",
        ]);

    /// <inheritdoc/>
    public AttentionPlan Plan(in AttentionInputs inputs, in PlanningContext context, CancellationToken cancellationToken = default)
    {
        Options.Validate();
        AttentionShape shape = inputs.Shape;
        double scale = context.Scale ?? (1.0 / Math.Sqrt(shape.HeadDim));
        int querySlots = Options.Orders.Count > 0 ? Options.Orders[0].Slots : shape.QueryLength;
        int keySlots = Options.Orders.Count > 0 ? Options.Orders[0].Slots : shape.KeyLength;
        RequireOrders(shape, querySlots);
        BlockMaskBuilder builder = new(shape.Heads, querySlots, keySlots, context.BlockSize);
        Keep(builder, inputs, scale, new ParallelOptions
        {
            MaxDegreeOfParallelism = context.Threads > 0 ? context.Threads : Environment.ProcessorCount,
            CancellationToken = cancellationToken,
        });
        QuantizationRecipe recipe = context.Recipe ?? KnownRecipes.Float32;
        return new AttentionPlan
        {
            Name = $"sparge-{Selection}{(recipe.IsExact ? "" : $"-{recipe.Name}")}",
            Shape = shape,
            Grid = context.Grid.Tokens == shape.QueryLength ? context.Grid : null,
            Orders = Options.Orders,
            Mask = builder.Build(),
            Recipe = recipe,
            Scale = context.Scale,
            ProbabilitySkipThreshold = Options.ProbabilitySkip,
        };
    }

    private unsafe void Keep(BlockMaskBuilder builder, in AttentionInputs inputs, double scale, ParallelOptions options)
    {
        AttentionShape shape = inputs.Shape;
        bool judge = SpargeBlockMap.Judges(Options);
        using PooledBlocks query = new(shape, builder.QuerySlots, builder.Size.Query, Options.Orders);
        using PooledBlocks key = new(shape, builder.KeySlots, builder.Size.Key, Options.Orders);
        fixed (byte* queries = inputs.Query, keys = inputs.Key)
        {
            query.Pool(new RowSource(queries, inputs.Query), smooth: false, judge, options);
            key.Pool(new RowSource(keys, inputs.Key), Options.SmoothKey, judge, options);
        }

        new SpargeBlockMap(shape, query, key, scale, Options).Keep(builder, options);
    }

    private string Selection => Options.TopK is { } share
        ? FormattableString.Invariant($"k{share:0.00}")
        : FormattableString.Invariant($"c{Options.CumulativeMass:0.00}");

    private void RequireOrders(AttentionShape shape, int slots)
    {
        foreach (TokenOrder order in Options.Orders)
        {
            bool counted = Options.Orders.Count == 1 || Options.Orders.Count == shape.Heads;
            if (!counted || order.Tokens != shape.QueryLength || shape.QueryLength != shape.KeyLength || order.Slots != slots)
            {
                throw new ArgumentException(
                    $"Sparge has {Options.Orders.Count} orders, one of them {order} with {order.Slots} slots, for inputs {shape}; "
                        + "wanted one order or one per head, over all tokens, with one slot count.",
                    nameof(shape));
            }
        }
    }
}
