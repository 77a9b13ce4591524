using Tessera.Fidelity;

namespace Tessera.Wan.SelfAttention;

/// <summary>Deviations of a generation from dense attention, call by call on equal inputs: errors do not pile up in them.</summary>
/// <param name="Layers">By layer, those that were compared.</param>
/// <param name="Steps">By step, those that were compared.</param>
/// <param name="Total">Over everything.</param>
public sealed record DeviationReport(IReadOnlyList<LayerDeviation> Layers, IReadOnlyList<StepDeviation> Steps, AttentionError Total);
