using Tessera.Cli.Inputs;

namespace Tessera.Cli.Explaining;

/// <summary>What <c>tessera attention explain</c> was asked for.</summary>
/// <param name="Input">What to load.</param>
/// <param name="Head">Head to explain.</param>
/// <param name="Batch">Batch entry.</param>
/// <param name="Density">Share of blocks that the orders are judged at.</param>
/// <param name="OutputPath">An .html or .png file to draw to, or null.</param>
internal sealed record ExplainRequest(InputRequest Input, int Head, int Batch, double Density, string? OutputPath);
