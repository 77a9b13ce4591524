using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tessera.Wan.Pipeline;

/// <summary>The JSON of records and states: camelCase, names instead of enum numbers, prompts readable in any script.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(GenerationRecord))]
[JsonSerializable(typeof(ResumeTimings))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class GenerationJsonContext : JsonSerializerContext
{
    /// <summary>One line.</summary>
    public static GenerationJsonContext Compact { get; } = new(Options(indented: false));

    /// <summary>Indented, for people.</summary>
    public static GenerationJsonContext Readable { get; } = new(Options(indented: true));

    private static JsonSerializerOptions Options(bool indented) => new(Default.Options)
    {
        WriteIndented = indented,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
