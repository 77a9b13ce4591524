namespace Tessera.Wan.Pipeline;

/// <summary>Rows of the text encoder for one prompt, padding left out.</summary>
/// <param name="Rows">Features, [tokens, width], row-major.</param>
/// <param name="Tokens">Tokens, the end mark included.</param>
/// <param name="TokensDropped">Tokens that the text length cut off.</param>
public sealed record EncodedPrompt(float[] Rows, int Tokens, int TokensDropped);
