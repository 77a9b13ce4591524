using Tessera.Backends.Cpu;
using Tessera.Benchmarks.Driver;
using Tessera.Layout;
using Tessera.Neural.Products;

namespace Tessera.Benchmarks.Wan;

/// <summary>What <c>./bench wan</c> was asked for.</summary>
internal sealed record WanRequest
{
    /// <summary>Sections to run, in this order.</summary>
    public required IReadOnlyList<IBenchSection<WanContext>> Sections { get; init; }

    /// <summary>Folder of the transformer and the autoencoder.</summary>
    public required string Checkpoint { get; init; }

    /// <summary>Folder of the text encoder.</summary>
    public required string TextCheckpoint { get; init; }

    /// <summary>Grids of tokens of a forward pass.</summary>
    public required IReadOnlyList<TokenGrid> Grids { get; init; }

    /// <summary>Whether forward passes are measured dense only.</summary>
    public required bool SkipsParo { get; init; }

    /// <summary>What wide products of section forward round their operands to.</summary>
    public required ProductPrecision Precision { get; init; }

    /// <summary>Timed rounds.</summary>
    public required int Repeat { get; init; }

    public required CpuOptions Options { get; init; }
}
