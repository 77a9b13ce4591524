using Tessera.Backends.Cpu;

namespace Tessera.Benchmarks.Driver;

/// <summary>What <c>./bench cpu</c> was asked for.</summary>
internal sealed record CpuRequest
{
    /// <summary>Sections to run, in this order.</summary>
    public required IReadOnlyList<IBenchSection> Sections { get; init; }

    /// <summary>Tokens, where a section does not need a length of its own.</summary>
    public required int Length { get; init; }

    public required int Heads { get; init; }

    public required IReadOnlyList<int> HeadDims { get; init; }

    /// <summary>Timed rounds.</summary>
    public required int Repeat { get; init; }

    /// <summary>Formats and densities of sections that compare with peers or threads.</summary>
    public required IReadOnlyList<BenchCase> Cases { get; init; }

    /// <summary>The formats of the cases, each once.</summary>
    public IReadOnlyList<string> Formats => [.. Cases.Select(static one => one.Format).Distinct()];

    /// <summary>Operations of peers.</summary>
    public required IReadOnlyList<string> PeerOperations { get; init; }

    /// <summary>Folder of peer scripts, or null for the default.</summary>
    public string? PeersFolder { get; init; }

    public required CpuOptions Options { get; init; }

    /// <summary>Folder for plots.</summary>
    public required string PlotFolder { get; init; }
}
