namespace Tessera.Masks;

/// <summary>
/// A (query, key) pair as FlexAttention's functors see it. Indices are natural token indices, whatever order storage uses.
/// </summary>
/// <param name="Batch">Batch index.</param>
/// <param name="Head">Head index.</param>
/// <param name="Query">Natural index of the query token.</param>
/// <param name="Key">Natural index of the key token.</param>
public readonly record struct TokenPair(int Batch, int Head, int Query, int Key);
