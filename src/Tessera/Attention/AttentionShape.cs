namespace Tessera.Attention;

/// <summary>Sizes of one attention call.</summary>
/// <param name="Batch">Sequences.</param>
/// <param name="Heads">Heads.</param>
/// <param name="QueryLength">Query tokens.</param>
/// <param name="KeyLength">Key and value tokens.</param>
/// <param name="HeadDim">Channels of a head, 1 to 256.</param>
public readonly record struct AttentionShape(int Batch, int Heads, int QueryLength, int KeyLength, int HeadDim)
{
    /// <summary>Largest supported head dimension.</summary>
    public const int MaximumHeadDim = 256;

    /// <summary>Floating-point operations of dense attention of this shape: 4 B H Lq Lk D.</summary>
    public double DenseOperations => 4.0 * Batch * Heads * QueryLength * KeyLength * HeadDim;

    /// <inheritdoc/>
    public override string ToString() =>
        QueryLength == KeyLength
            ? $"[{Batch}, {Heads}, {QueryLength}, {HeadDim}]"
            : $"[{Batch}, {Heads}, {QueryLength} x {KeyLength}, {HeadDim}]";
}
