namespace Tessera.Methods.Paro;

/// <summary>Earlier figures for one row of <see cref="LocalityTable"/>, made independently in another language.</summary>
/// <param name="PrintedOrder">Order picked by the metric as printed.</param>
/// <param name="PrintedMass">Its mass.</param>
/// <param name="CorrectedOrder">Order picked by the corrected metric.</param>
/// <param name="CorrectedMass">Its mass.</param>
/// <param name="BestMass">Most mass of the six axis orders.</param>
/// <param name="TileMass">Mass under 4x4x4 tiles.</param>
public sealed record LocalityTableReference(
    string PrintedOrder, double PrintedMass, string CorrectedOrder, double CorrectedMass, double BestMass, double TileMass);
