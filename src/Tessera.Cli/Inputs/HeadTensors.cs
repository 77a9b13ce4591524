using System.Numerics.Tensors;
using Tessera.Attention;

namespace Tessera.Cli.Inputs;

/// <summary>Query, key and value of one call as loaded: dense float32 [B, H, L, D], checked finite.</summary>
/// <param name="Source">Where they came from, for reports.</param>
/// <param name="Shape">Sizes; query and key length are equal.</param>
/// <param name="Rank">Dimensions in the file: 3 without a batch, else 4. Outputs are written with the same rank.</param>
/// <param name="Query">Queries.</param>
/// <param name="Key">Keys.</param>
/// <param name="Value">Values.</param>
internal sealed record HeadTensors(string Source, AttentionShape Shape, int Rank, float[] Query, float[] Key, float[] Value)
{
    public AttentionInputs Inputs => new(Shape, Query, Key, Value);

    /// <summary>Sizes as the file has them.</summary>
    public int[] FileShape =>
        Rank == 3 ? [Shape.Heads, Shape.QueryLength, Shape.HeadDim] : [Shape.Batch, Shape.Heads, Shape.QueryLength, Shape.HeadDim];

    /// <summary>A [B, H, Lq, D] view of an output array.</summary>
    public TensorSpan<float> Like(float[] output) => new(output, [Shape.Batch, Shape.Heads, Shape.QueryLength, Shape.HeadDim]);

    /// <summary>One head alone, as a batch of one.</summary>
    public HeadTensors Head(int batch, int head)
    {
        int length = Shape.QueryLength * Shape.HeadDim;
        int start = ((batch * Shape.Heads) + head) * length;
        return new HeadTensors(
            Source, Shape with { Batch = 1, Heads = 1 }, 4, Query.AsSpan(start, length).ToArray(), Key.AsSpan(start, length).ToArray(),
            Value.AsSpan(start, length).ToArray());
    }
}
