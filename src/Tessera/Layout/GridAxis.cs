namespace Tessera.Layout;

/// <summary>
/// An axis of the latent token grid. The numeric values are the axis ids of the PARO plan contract (0 = F, 1 = H, 2 = W).
/// </summary>
public enum GridAxis
{
    /// <summary>Time: latent frames.</summary>
    Frame = 0,

    /// <summary>Rows of patches.</summary>
    Height = 1,

    /// <summary>Columns of patches; the fastest axis of the natural order.</summary>
    Width = 2,
}
