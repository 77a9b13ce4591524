using Tessera.Cli.Inputs;
using Tessera.Layout;

namespace Tessera.Cli.Output;

/// <summary>What went in.</summary>
/// <param name="Source">File or files.</param>
/// <param name="Batch">Sequences.</param>
/// <param name="Heads">Heads.</param>
/// <param name="Tokens">Tokens of a sequence, text included.</param>
/// <param name="HeadDim">Channels of a head.</param>
/// <param name="Grid">Token grid, frames x height x width, with text.</param>
internal sealed record InputSummary(string Source, int Batch, int Heads, int Tokens, int HeadDim, string Grid)
{
    public static InputSummary Of(HeadTensors tensors, TokenGrid grid) =>
        new(tensors.Source, tensors.Shape.Batch, tensors.Shape.Heads, tensors.Shape.QueryLength, tensors.Shape.HeadDim, grid.ToString());
}
