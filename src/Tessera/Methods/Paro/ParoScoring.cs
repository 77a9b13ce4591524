namespace Tessera.Methods.Paro;

/// <summary>The metrics as arithmetic over one head's candidates.</summary>
internal static class ParoScoring
{
    /// <summary>Scores per candidate, lower is better.</summary>
    /// <exception cref="ArgumentException">The metric needs output errors and none were taken.</exception>
    public static double[] Scores(
        ParoMetric metric, double alpha, IReadOnlyList<BlockMapTerms> terms, IReadOnlyList<double> keptMass,
        IReadOnlyList<double>? outputErrors)
    {
        double emptySum = terms.Sum(static term => term.EmptyShare);
        double filledSum = terms.Sum(static term => 1 - term.EmptyShare);
        double incoherenceSum = terms.Sum(static term => term.Incoherence);
        double[] scores = new double[terms.Count];
        for (int candidate = 0; candidate < scores.Length; candidate++)
        {
            BlockMapTerms term = terms[candidate];
            double quant = Share(term.Incoherence, incoherenceSum);
            scores[candidate] = metric switch
            {
                ParoMetric.RetainedMass => 1 - keptMass[candidate],
                ParoMetric.CorrectedPaper => (alpha * Share(1 - term.EmptyShare, filledSum)) + ((1 - alpha) * quant),
                ParoMetric.PaperAsPrinted => (alpha * Share(term.EmptyShare, emptySum)) + ((1 - alpha) * quant),
                ParoMetric.SparseOnly => 1 - term.EmptyShare,
                ParoMetric.QuantOnly => term.Incoherence,
                ParoMetric.OutputError =>
                    (outputErrors ?? throw new ArgumentException("Output errors were not taken.", nameof(outputErrors)))[candidate],
                _ => throw new ArgumentOutOfRangeException(nameof(metric), metric, "Wanted a defined metric."),
            };
        }

        return scores;
    }

    /// <summary>Index of the lowest score; the first of equal ones.</summary>
    public static int Best(IReadOnlyList<double> scores)
    {
        int best = 0;
        for (int candidate = 1; candidate < scores.Count; candidate++)
        {
            best = scores[candidate] < scores[best] ? candidate : best;
        }

        return best;
    }

    /// <summary>A candidate's part of a sum; 0 when the sum is 0, so that a term no candidate has decides nothing.</summary>
    private static double Share(double value, double sum) => sum > 0 ? value / sum : 0;
}
