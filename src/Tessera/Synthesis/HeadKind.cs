namespace Tessera.Synthesis;

/// <summary>
/// The attention patterns that heads of video diffusion transformers show (Sparse VideoGen, PAROAttention figure 3), as made by
/// <see cref="StructuredHeads"/>.
/// </summary>
public enum HeadKind
{
    /// <summary>Local in time, spread over each frame: best with frames outermost.</summary>
    Spatial = 0,

    /// <summary>Local in a frame, spread over time: the same place in every frame; best with frames innermost.</summary>
    Temporal,

    /// <summary>Local in time and along rows, spread over the height.</summary>
    SpreadHeight,

    /// <summary>Local in time and along columns, spread over the width.</summary>
    SpreadWidth,

    /// <summary>Local along all three axes.</summary>
    Isotropic,

    /// <summary>Nearly the diagonal: each token looks at itself and its nearest neighbours.</summary>
    Diagonal,

    /// <summary>No locality: mass follows content only and no order makes it block-sparse.</summary>
    Diffuse,
}
