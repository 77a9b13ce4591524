using Tessera.Layout;

namespace Tessera.Cli.Inputs;

/// <summary>Tensors with their grid, which agree.</summary>
/// <param name="Tensors">Query, key and value.</param>
/// <param name="Grid">Their grid.</param>
internal sealed record LoadedInput(HeadTensors Tensors, TokenGrid Grid)
{
    /// <summary>What each head is, where it is known; else empty.</summary>
    public IReadOnlyList<string> HeadNames { get; init; } = [];

    /// <summary>The clip that the tensors were made of, or null.</summary>
    public ClipSource? Clip { get; init; }
}
