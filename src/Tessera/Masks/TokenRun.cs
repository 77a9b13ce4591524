namespace Tessera.Masks;

/// <summary>Consecutive natural tokens that stand in consecutive slots.</summary>
/// <param name="Slot">First slot.</param>
/// <param name="Start">First token.</param>
/// <param name="Count">Number of tokens.</param>
internal readonly record struct TokenRun(int Slot, int Start, int Count);
