namespace Tessera.Wan.Sampling;

/// <summary>
/// All that a sampler remembers between two steps beside the sample: enough to go on elsewhere with exactly the same result.
/// </summary>
/// <param name="Step">Steps done.</param>
/// <param name="History">Named tensors in the sample's shape; empty before the first step and for solvers that look at nothing
/// past.</param>
public sealed record SamplerState(int Step, IReadOnlyDictionary<string, float[]> History);
