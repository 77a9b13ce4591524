namespace Tessera.Cli.Benchmarking;

/// <summary>What to measure.</summary>
/// <param name="Length">Tokens.</param>
/// <param name="Heads">Heads.</param>
/// <param name="HeadDim">Channels of a head.</param>
/// <param name="Formats">Recipe names.</param>
/// <param name="Densities">Shares of 64x64 blocks computed.</param>
/// <param name="Repeat">Timed rounds.</param>
internal sealed record BenchmarkRequest(
    int Length, int Heads, int HeadDim, IReadOnlyList<string> Formats, IReadOnlyList<double> Densities, int Repeat);
