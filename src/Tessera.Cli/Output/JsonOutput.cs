using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Spectre.Console;
using Tessera.Cli.Terminal;

namespace Tessera.Cli.Output;

/// <summary>One JSON document on standard output.</summary>
internal static class JsonOutput
{
    public static void Write<T>(CommandConsole console, T report, JsonTypeInfo<T> type) =>
        console.OutputWriter.WriteLine(JsonSerializer.Serialize(report, type));

    /// <summary>What every reporting command ends with: the report as JSON and nothing else, or as text for people.</summary>
    public static void WriteOrPrint<T>(CommandConsole console, bool json, T report, JsonTypeInfo<T> type, Action<IAnsiConsole, T> print)
    {
        if (json)
        {
            Write(console, report, type);
        }
        else
        {
            print(console.Output, report);
        }
    }
}
