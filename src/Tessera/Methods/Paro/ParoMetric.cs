namespace Tessera.Methods.Paro;

/// <summary>
/// What the token order of a head is chosen by. Every score is "lower is better"; ties go to the candidate that stands first.
/// </summary>
public enum ParoMetric
{
    /// <summary>Attention mass that the mask really in use loses: one minus the kept share. Our default.</summary>
    RetainedMass = 0,

    /// <summary>
    /// The paper's weighted sum with the sparse term turned the right way: alpha (1 - Ms) / sum(1 - Ms) + (1 - alpha) Mq / sum(Mq), where
    /// Ms is the share of nearly empty blocks and Mq the mean incoherence max / mean of a block.
    /// </summary>
    CorrectedPaper,

    /// <summary>
    /// The formula as figure 3 and equation 3 print it: alpha Ms / sum(Ms) + (1 - alpha) Mq / sum(Mq). It rewards fewer empty blocks.
    /// </summary>
    PaperAsPrinted,

    /// <summary>The sparse term alone: 1 - Ms.</summary>
    SparseOnly,

    /// <summary>The incoherence alone: Mq.</summary>
    QuantOnly,

    /// <summary>Squared error of the masked output over sampled queries, relative to the dense output. Reads V.</summary>
    OutputError,
}
