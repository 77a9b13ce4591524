using System.Text.Json.Serialization;

namespace Tessera.Serialization.Plans;

/// <summary>Compiled JSON of plan headers: no reflection; unknown, doubled and missing fields are refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    AllowDuplicateProperties = false,
    MaxDepth = 64)]
[JsonSerializable(typeof(PlanHeader))]
internal sealed partial class PlanJsonContext : JsonSerializerContext;
