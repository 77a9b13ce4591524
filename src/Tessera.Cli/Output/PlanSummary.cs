using Tessera.Attention;
using Tessera.Layout;

namespace Tessera.Cli.Output;

/// <summary>A plan in numbers.</summary>
/// <param name="Name">Stable name with parameters.</param>
/// <param name="Quantization">Recipe name, resolved for this processor.</param>
/// <param name="BlockSize">Tokens per block, query x key.</param>
/// <param name="Density">Share of blocks computed over the whole map.</param>
/// <param name="VideoDensity">The same over blocks without text tokens.</param>
/// <param name="Orders">Token order of each head.</param>
/// <param name="HeadDensities">Density of each head over the whole map.</param>
internal sealed record PlanSummary(
    string Name, string Quantization, string BlockSize, double Density, double VideoDensity, IReadOnlyList<string> Orders,
    IReadOnlyList<double> HeadDensities)
{
    public static PlanSummary Of(AttentionPlan plan, TokenGrid grid) => new(
        plan.Name,
        plan.Recipe.Name,
        plan.Mask.Size.ToString(),
        plan.Mask.Density,
        plan.Mask.VideoDensity(grid, plan.OrderOf(0) ?? TokenOrder.Identity(grid.Tokens)),
        [.. Enumerable.Range(0, plan.Shape.Heads).Select(head => plan.OrderOf(head)?.Name ?? "natural")],
        [.. Enumerable.Range(0, plan.Shape.Heads).Select(plan.Mask.HeadDensity)]);
}
