using Tessera.Fidelity;

namespace Tessera.Wan.SelfAttention;

/// <summary>How far the self-attention of one step was from dense attention of the same inputs.</summary>
/// <param name="Step">Executed step, from 0.</param>
/// <param name="Calls">Calls compared.</param>
/// <param name="Error">Over all layers, heads and branches.</param>
public sealed record StepDeviation(int Step, int Calls, AttentionError Error);
