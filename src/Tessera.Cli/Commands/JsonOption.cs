using System.CommandLine;

namespace Tessera.Cli.Commands;

/// <summary><c>--json</c> of every reporting command.</summary>
internal static class JsonOption
{
    public static Option<bool> Create() => new("--json") { Description = "Write one JSON document to standard output and nothing else." };
}
