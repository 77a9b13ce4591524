using System.Text.Json.Serialization;

namespace Tessera.Wan.Pipeline;

/// <summary>Types of records and states as JSON; <see cref="GenerationJson"/> says how they are written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(GenerationRecord))]
[JsonSerializable(typeof(ResumeTimings))]
[JsonSerializable(typeof(List<ArithmeticSpan>))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class GenerationJsonContext : JsonSerializerContext;
