namespace Tessera.Wan.TextEncoder;

/// <summary>The rows of one prompt among those of all prompts that are encoded together.</summary>
/// <param name="First">First row.</param>
/// <param name="Count">Rows, padding included.</param>
/// <param name="Keys">Leading rows that are no padding: only these are attended to.</param>
internal readonly record struct PromptRows(int First, int Count, int Keys);
