namespace Tessera.Methods.Paro;

/// <summary>
/// One head type of <see cref="LocalityTable"/>: the order each rule picks and the share of attention mass in the best 20 % of blocks.
/// </summary>
/// <param name="HeadType">The map.</param>
/// <param name="PrintedOrder">Order picked by the metric as the paper prints it.</param>
/// <param name="PrintedMass">Its mass.</param>
/// <param name="CorrectedOrder">Order picked with the sparse term turned the right way.</param>
/// <param name="CorrectedMass">Its mass.</param>
/// <param name="BestOrders">The axis orders with the most mass, more than one when they tie.</param>
/// <param name="BestMass">Their mass.</param>
/// <param name="TileMass">Mass under the tile-major order of 4x4x4 tiles.</param>
/// <param name="Published">The figures recorded before this program existed.</param>
public sealed record LocalityTableRow(
    string HeadType, string PrintedOrder, double PrintedMass, string CorrectedOrder, double CorrectedMass, string BestOrders,
    double BestMass, double TileMass, LocalityTableReference Published);
