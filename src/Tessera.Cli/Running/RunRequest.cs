using Tessera.Cli.Inputs;

namespace Tessera.Cli.Running;

/// <summary>What <c>tessera attention run</c> was asked for.</summary>
/// <param name="Input">What to load.</param>
/// <param name="Method">Method, or null when a plan file is given.</param>
/// <param name="Density">Density asked for, or null for the method's own.</param>
/// <param name="Quantization">Recipe name, or null for the method's own.</param>
/// <param name="PlanPath">Plan file, or null.</param>
/// <param name="Backend">Backend asked for, or auto.</param>
/// <param name="OutputPath">Where to write, or null.</param>
/// <param name="Compare">Whether to compare with dense float32.</param>
internal sealed record RunRequest(
    InputRequest Input, string? Method, double? Density, string? Quantization, string? PlanPath, string Backend, string? OutputPath,
    bool Compare);
