using Tessera.Masks;

namespace Tessera.Cli.Running;

/// <summary>What <c>tessera plan cost</c> was asked for.</summary>
/// <param name="PlanPath">Plan file, or null for evenly spread blocks of the sizes below.</param>
/// <param name="Length">Tokens.</param>
/// <param name="Heads">Heads.</param>
/// <param name="HeadDim">Channels of a head.</param>
/// <param name="Density">Share of blocks computed.</param>
/// <param name="Quantization">Recipe name, or null for the plan's own.</param>
/// <param name="Block">Tokens per block, or null for the recommended size.</param>
/// <param name="Measure">Whether to run the plan too.</param>
internal sealed record PlanCostRequest(
    string? PlanPath, int Length, int Heads, int HeadDim, double Density, string? Quantization, BlockSize? Block, bool Measure);
