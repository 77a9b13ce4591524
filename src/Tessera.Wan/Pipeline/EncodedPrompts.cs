namespace Tessera.Wan.Pipeline;

/// <summary>Text as the transformer reads it.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Negative">The negative prompt; null when the guidance does not need it.</param>
public sealed record EncodedPrompts(EncodedPrompt Prompt, EncodedPrompt? Negative);
