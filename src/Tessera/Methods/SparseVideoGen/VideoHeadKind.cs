namespace Tessera.Methods.SparseVideoGen;

/// <summary>What a head attends to.</summary>
public enum VideoHeadKind
{
    /// <summary>Frames near its own: a band in natural order.</summary>
    Spatial = 0,

    /// <summary>The same position in all frames: a band in token-major order.</summary>
    Temporal,
}
