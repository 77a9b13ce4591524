using System.Text.Encodings.Web;
using System.Text.Json;

namespace Tessera.Wan.Pipeline;

/// <summary>The JSON of records and states: camelCase, names instead of enum numbers, prompts readable in any script.</summary>
internal static class GenerationJson
{
    /// <summary>One line.</summary>
    public static GenerationJsonContext Compact { get; } = new(Options(indented: false));

    /// <summary>Indented, for people.</summary>
    public static GenerationJsonContext Readable { get; } = new(Options(indented: true));

    private static JsonSerializerOptions Options(bool indented) => new(GenerationJsonContext.Default.Options)
    {
        WriteIndented = indented,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
