namespace Tessera.Cli.Tests.Documentation;

/// <summary>A block of code.</summary>
/// <param name="Language">As the fence names it; empty for none.</param>
/// <param name="Above">The last line of text above.</param>
/// <param name="Line">Line of the first line of code in the file, from 0.</param>
/// <param name="Lines">The code.</param>
internal sealed record MarkdownBlock(string Language, string Above, int Line, IReadOnlyList<string> Lines);
