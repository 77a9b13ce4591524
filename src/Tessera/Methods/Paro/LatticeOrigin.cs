namespace Tessera.Methods.Paro;

/// <summary>Where the block lattice starts when text shares the sequence. Without text all three are the same.</summary>
public enum LatticeOrigin
{
    /// <summary>
    /// Text is padded to a whole number of blocks, so that video blocks start on the first video token and no block mixes the two.
    /// </summary>
    PaddedText = 0,

    /// <summary>
    /// Blocks are cut from token 0 without padding, as the released kernels do: one block mixes text and video, all video blocks are
    /// shifted.
    /// </summary>
    TokenZero,

    /// <summary>
    /// Video is stored first and text behind it without padding: blocks start on the first video token, one block at the seam mixes the
    /// two.
    /// </summary>
    FirstVideoToken,
}
