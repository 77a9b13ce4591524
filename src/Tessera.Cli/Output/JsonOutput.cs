using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Tessera.Cli.Terminal;

namespace Tessera.Cli.Output;

/// <summary>One JSON document on standard output.</summary>
internal static class JsonOutput
{
    public static void Write<T>(CommandConsole console, T report, JsonTypeInfo<T> type) =>
        console.OutputWriter.WriteLine(JsonSerializer.Serialize(report, type));
}
