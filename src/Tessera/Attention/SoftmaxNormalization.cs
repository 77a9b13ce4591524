namespace Tessera.Attention;

/// <summary>What the softmax of a sparse row divides by.</summary>
public enum SoftmaxNormalization
{
    /// <summary>The kept blocks only: weights sum to one. What kernels do, and the default.</summary>
    KeptBlocks = 0,

    /// <summary>
    /// The whole row, as if skipped probabilities had been set to zero after a dense softmax; needs a dense log-sum-exp pass.
    /// </summary>
    WholeRow,
}
