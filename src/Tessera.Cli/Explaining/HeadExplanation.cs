using Tessera.Attention;
using Tessera.Cli.Output;

namespace Tessera.Cli.Explaining;

/// <summary>All that is known about one head: the report, and its maps for drawing.</summary>
/// <param name="Report">Words and figures.</param>
/// <param name="Natural">Block sums in natural order.</param>
/// <param name="Reordered">Block sums in the chosen order.</param>
/// <param name="Plan">The one-head plan with the chosen order and mask.</param>
internal sealed record HeadExplanation(ExplainReport Report, BlockMapStatistics Natural, BlockMapStatistics Reordered, AttentionPlan Plan)
{
    /// <summary>The map in natural order.</summary>
    public HeatMap NaturalMap(int cells) => HeatMap.Of(Natural, null, 0, cells);

    /// <summary>The map in the chosen order, with what the mask skips.</summary>
    public HeatMap ReorderedMap(int cells) => HeatMap.Of(Reordered, Plan.Mask, 0, cells);
}
