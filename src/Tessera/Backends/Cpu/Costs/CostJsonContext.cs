using System.Text.Json.Serialization;

namespace Tessera.Backends.Cpu.Costs;

/// <summary>Compiled JSON of cost constants: unknown, doubled and missing fields are refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    WriteIndented = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(CostDocument))]
internal sealed partial class CostJsonContext : JsonSerializerContext;
