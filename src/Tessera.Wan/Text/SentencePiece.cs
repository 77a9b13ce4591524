namespace Tessera.Wan.Text;

/// <summary>One piece of a vocabulary; its id is its place in the file.</summary>
/// <param name="Text">The piece; a space is U+2581.</param>
/// <param name="Score">Logarithm of its probability.</param>
/// <param name="Kind">Its type.</param>
public readonly record struct SentencePiece(string Text, float Score, SentencePieceKind Kind);
