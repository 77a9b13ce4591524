using System.Text.Json.Serialization;

namespace Tessera.Cli.Output;

/// <summary>What every JSON document of the command line starts with.</summary>
internal abstract record Report
{
    /// <summary>Version of the document's schema; grows when a field changes its meaning or disappears.</summary>
    [JsonPropertyOrder(-2)]
    public int Version { get; init; } = 1;

    /// <summary>The command that wrote it.</summary>
    [JsonPropertyOrder(-1)]
    public abstract string Command { get; }
}
