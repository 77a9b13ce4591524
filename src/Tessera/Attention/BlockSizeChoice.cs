using Tessera.Masks;
using Tessera.Quantization;

namespace Tessera.Attention;

/// <summary>Block sizes by predicted time, for masks that keep a given share of blocks evenly spread.</summary>
/// <param name="Size">Tokens per block.</param>
/// <param name="Cost">Predicted time of a plan in blocks of that size.</param>
public readonly record struct BlockSizeChoice(BlockSize Size, CostEstimate Cost)
{
    /// <summary>A size within this share of the fastest is as good as it.</summary>
    private const double Slack = 0.05;

    private static readonly int[] Sides = [32, 64, 128];

    /// <summary>Predicts {32, 64, 128} x {32, 64, 128}, in that order.</summary>
    /// <param name="model">The machine.</param>
    /// <param name="shape">Sizes.</param>
    /// <param name="density">Share of blocks computed, above 0 and at most 1.</param>
    /// <param name="recipe">Number formats.</param>
    /// <exception cref="ArgumentOutOfRangeException">The density is not above 0 and at most 1.</exception>
    public static IReadOnlyList<BlockSizeChoice> Compare(ICostModel model, AttentionShape shape, double density, QuantizationRecipe recipe)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(recipe);
        if (!(density is > 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(density), density, "The density is the share of blocks computed; wanted above 0 and at most 1.");
        }

        List<BlockSizeChoice> choices = [];
        foreach (int query in Sides)
        {
            foreach (int key in Sides)
            {
                BlockSize size = new(query, key);
                AttentionPlan plan = new()
                {
                    Name = $"blocks-{size}",
                    Shape = shape,
                    Grid = new Layout.TokenGrid(1, 1, shape.QueryLength),
                    Mask = ScatteredMask.Of(shape.QueryLength, shape.KeyLength, size, density),
                    Recipe = recipe,
                };
                choices.Add(new BlockSizeChoice(size, model.Predict(plan)));
            }
        }

        return choices;
    }

    /// <summary>
    /// The smallest blocks within 5 % of the fastest: at equal density and time, finer blocks keep more of the attention.
    /// </summary>
    /// <param name="choices">From <see cref="Compare"/>.</param>
    public static BlockSizeChoice Best(IReadOnlyList<BlockSizeChoice> choices)
    {
        ArgumentNullException.ThrowIfNull(choices);
        double limit = choices.Min(static choice => choice.Cost.Seconds) * (1 + Slack);
        return choices.Where(choice => choice.Cost.Seconds <= limit)
            .OrderBy(static choice => choice.Size.Query * choice.Size.Key)
            .ThenBy(static choice => choice.Cost.Seconds)
            .First();
    }
}
