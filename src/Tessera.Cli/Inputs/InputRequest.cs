using Tessera.Layout;

namespace Tessera.Cli.Inputs;

/// <summary>What to load.</summary>
/// <param name="Files">One .safetensors file, three .npy files in the order query, key, value, one clip, or the word
/// <c>structured</c>.</param>
/// <param name="Grid">The grid asked for, or null.</param>
/// <param name="Heads">Heads of made inputs (clips, structured), or null for their default.</param>
/// <param name="HeadDim">Channels of a head of made inputs, or null for their default.</param>
internal sealed record InputRequest(IReadOnlyList<string> Files, TokenGrid? Grid, int? Heads = null, int? HeadDim = null)
{
    /// <summary>Names as a report shows them.</summary>
    public string Source => string.Join(", ", Files.Select(Path.GetFileName));
}
