using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;
using Tessera.Serialization;

namespace Tessera.Cli.Plans;

/// <summary>Plan files to documents.</summary>
internal static class PlanDocumentWriter
{
    public static PlanDocument Describe(PlanFile file)
    {
        PlanSchedule schedule = file.Schedule;
        return new PlanDocument
        {
            Version = PlanDocument.CurrentVersion,
            Model = file.Model,
            Properties = new SortedDictionary<string, string>(file.Properties.ToDictionary(), StringComparer.Ordinal),
            KeptMass = [.. file.KeptMass],
            Schedule = new ScheduleDocument(
                schedule.Name, schedule.Axis.ToString(), schedule.NoiseBoundaries.ToArray(), schedule.Layers, schedule.Table.ToArray(),
                schedule.Policy.FirstSteps, schedule.Policy.FirstLayers, schedule.DensePlanIndex),
            Plans = [.. schedule.Plans.Select(Describe)],
        };
    }

    private static SinglePlanDocument Describe(AttentionPlan plan)
    {
        if (plan.Mask.Predicate is { } predicate)
        {
            throw CommandException.Unsupported(
                $"plan '{plan.Name}' has partial blocks that {predicate} decides; functors are code, which JSON cannot hold: keep it as a "
                + "plan file.");
        }

        if (plan.ScoreModifier is { } modifier)
        {
            throw CommandException.Unsupported(
                $"plan '{plan.Name}' modifies scores by {modifier}; functors are code, which JSON cannot hold: keep it as a plan file.");
        }

        AttentionShape shape = plan.Shape;
        return new SinglePlanDocument
        {
            Name = plan.Name,
            Shape = new ShapeDocument(shape.Batch, shape.Heads, shape.QueryLength, shape.KeyLength, shape.HeadDim),
            Grid = plan.Grid?.ToString(),
            Scale = plan.Scale,
            Normalization = plan.Normalization.ToString(),
            ProbabilitySkipThreshold = plan.ProbabilitySkipThreshold,
            Recipe = Describe(plan.Recipe),
            Orders = [.. plan.Orders.Select(order => Describe(order, plan.Grid))],
            Mask = Describe(plan.Mask),
        };
    }

    private static OrderDocument Describe(TokenOrder order, TokenGrid? grid) =>
        grid is { } known && PlanDocumentReader.AxisOrder(order.Name, order.Alignment, known) is { } axes && axes.Equals(order)
            ? new OrderDocument(order.Name, order.Alignment, Axes: order.Name)
            : new OrderDocument(order.Name, order.Alignment, TokenAtSlot: order.TokenAtSlot.ToArray());

    private static MaskDocument Describe(BlockMask mask)
    {
        List<string[]> heads = [];
        for (int head = 0; head < mask.MaskHeads; head++)
        {
            string[] rows = new string[mask.QueryBlocks];
            for (int row = 0; row < rows.Length; row++)
            {
                rows[row] = BlockRanges.Format(mask.FullKeyBlocks(head, row));
            }

            heads.Add(rows);
        }

        return new MaskDocument([mask.Size.Query, mask.Size.Key], mask.QuerySlots, mask.KeySlots, mask.Density, heads);
    }

    private static RecipeDocument Describe(QuantizationRecipe recipe) => new(
        recipe.Name, Describe(recipe.Query), Describe(recipe.Key),
        new ProbabilityDocument(
            recipe.Probability.Format.ToString(), recipe.Probability.Reference.ToString(), recipe.Probability.Denominator.ToString(),
            recipe.Probability.Rounding.ToString(), recipe.Probability.Scale),
        Describe(recipe.Value), recipe.SmoothKey, recipe.SmoothQuery, recipe.SmoothValue, recipe.Hadamard);

    private static OperandDocument Describe(OperandFormat format) =>
        new(format.Format.ToString(), format.Granularity.ToString(), format.Group, format.Tile == default ? null : format.Tile.ToString());
}
