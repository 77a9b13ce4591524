using Tessera.Fidelity;

namespace Tessera.Wan.SelfAttention;

/// <summary>How far the self-attention of one layer was from dense attention of the same inputs.</summary>
/// <param name="Layer">Layer, from 0.</param>
/// <param name="Calls">Calls compared.</param>
/// <param name="Error">Over all heads and calls.</param>
/// <param name="WorstHead">The head with the largest relative L2 error.</param>
/// <param name="WorstHeadError">Its error over all calls.</param>
public sealed record LayerDeviation(int Layer, int Calls, AttentionError Error, int WorstHead, AttentionError WorstHeadError);
