using Tessera.Cli.Inputs;

namespace Tessera.Cli.Plans;

/// <summary>What <c>tessera plan calibrate</c> was asked for.</summary>
/// <param name="Input">What to calibrate on.</param>
/// <param name="Method">Method.</param>
/// <param name="Density">Density asked for, or null for the method's own.</param>
/// <param name="Quantization">Recipe name, or null for the method's own.</param>
/// <param name="Model">Model that the plan is for; may be empty.</param>
/// <param name="OutputPath">Where to write.</param>
internal sealed record CalibrationRequest(
    InputRequest Input, string Method, double? Density, string? Quantization, string Model, string OutputPath);
