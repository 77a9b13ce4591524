namespace Tessera.Neural.Products;

/// <summary>A stretch of the inner dimension of a product that lies in one piece: channels of a row, or of one tap of a kernel.</summary>
internal unsafe struct ProductSegment
{
    /// <summary>Packed panel, [Steps][lanes].</summary>
    public float* B;

    /// <summary>Where the stretch begins, relative to a row of A.</summary>
    public nint Offset;

    /// <summary>Length.</summary>
    public nint Steps;
}
