using System.Text.Json.Serialization;

namespace Tessera.Cuda.Verification;

/// <summary>The file <c>gpu/verified.json</c>.</summary>
/// <param name="Version">1.</param>
/// <param name="Kernels">Kernels as they were verified.</param>
internal sealed record VerificationDocument(int Version, IReadOnlyList<VerifiedKernel> Kernels);

/// <summary>Reads and writes it.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(VerificationDocument))]
internal sealed partial class VerificationJsonContext : JsonSerializerContext;
