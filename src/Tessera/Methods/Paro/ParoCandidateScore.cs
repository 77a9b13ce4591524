namespace Tessera.Methods.Paro;

/// <summary>How one candidate order fares for one head.</summary>
/// <param name="Order">Name of the order.</param>
/// <param name="Score">The metric in force; the lowest is chosen.</param>
/// <param name="KeptMass">Share of attention mass that a mask at the target density keeps under this order.</param>
/// <param name="EmptyShare">Ms: share of nearly empty video blocks.</param>
/// <param name="Incoherence">Mq: mean incoherence max / mean of a video block.</param>
/// <param name="OutputError">Squared output error relative to the dense output, when that is the metric.</param>
public sealed record ParoCandidateScore(
    string Order, double Score, double KeptMass, double EmptyShare, double Incoherence, double? OutputError);
