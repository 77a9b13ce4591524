namespace Tessera.Methods.Paro;

/// <summary>The importance of a block, by which masks keep it.</summary>
public enum ParoCriterion
{
    /// <summary>Attention mass of the block: keep iff the sum is at least tau, the paper's text.</summary>
    BlockSum = 0,

    /// <summary>Share of the block's probabilities that are not below epsilon: the count test that figure 3 annotates.</summary>
    CountTest,

    /// <summary>
    /// Attention mass times the mean distance of the block's values from their mean over all tokens: a bound on what skipping the block
    /// can move the output by. Reads V.
    /// </summary>
    OutputError,
}
