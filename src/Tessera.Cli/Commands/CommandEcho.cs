using System.CommandLine;

namespace Tessera.Cli.Commands;

/// <summary>The command line as typed, for reports that say how to make them again.</summary>
internal static class CommandEcho
{
    public static string Of(ParseResult parsed) => $"tessera {string.Join(' ', parsed.Tokens.Select(static token => Quote(token.Value)))}";

    private static string Quote(string word) => word.Any(char.IsWhiteSpace) ? $"'{word}'" : word;
}
