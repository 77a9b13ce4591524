namespace Tessera.Methods.SparseVideoGen;

/// <summary>How the width of the band follows from the density.</summary>
public enum BandRule
{
    /// <summary>
    /// The widest band whose blocks, with text strips and sink, are at most the density: what is asked for is what is computed.
    /// </summary>
    MatchDensity = 0,

    /// <summary>
    /// The released formula: w = L (1 - sqrt(1 - d + 2 c / L)) tokens for c text tokens among L, rounded up to blocks. It leaves out the
    /// sink, so it computes more than d.
    /// </summary>
    Published,
}
