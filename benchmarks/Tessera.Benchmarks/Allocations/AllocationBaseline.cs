using System.Text.Json;

namespace Tessera.Benchmarks.Allocations;

/// <summary>Bytes that each gated call may allocate, from <c>benchmarks/allocations.json</c>.</summary>
internal static class AllocationBaseline
{
    public const string FileName = "allocations.json";

    /// <summary>Reads the file.</summary>
    /// <param name="repository">Root of the repository.</param>
    public static IReadOnlyDictionary<string, long> Load(string repository) =>
        JsonSerializer.Deserialize<Dictionary<string, long>>(File.ReadAllBytes(Path.Combine(repository, "benchmarks", FileName)))!;
}
