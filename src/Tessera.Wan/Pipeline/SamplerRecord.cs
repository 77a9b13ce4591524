namespace Tessera.Wan.Pipeline;

/// <summary>Noise levels of a generation.</summary>
/// <param name="Table">Table and its parameters.</param>
/// <param name="Sigmas">Levels, the last one 0.</param>
/// <param name="Timesteps">What the model was given.</param>
public sealed record SamplerRecord(string Table, IReadOnlyList<float> Sigmas, IReadOnlyList<float> Timesteps);
