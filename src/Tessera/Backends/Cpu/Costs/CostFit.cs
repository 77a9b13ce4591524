namespace Tessera.Backends.Cpu.Costs;

/// <summary>Constants that reproduce the times of some runs: non-negative least squares of relative errors.</summary>
internal static class CostFit
{
    private const int Fits = 4;

    /// <summary>
    /// Weight of the knowledge that QK and PV run the same loop: only passes without PV tell them apart, so noise there would give one the
    /// other's time.
    /// </summary>
    private const double EqualRates = 0.2;

    /// <summary>Seconds of a unit before anything is known; the fits replace it.</summary>
    private const double StartingGuess = 1e-11;

    private static readonly CostTerm[] AttendTerms =
    [
        CostTerm.Tile, CostTerm.Row, CostTerm.RowChannel, CostTerm.ScoreProduct, CostTerm.Score, CostTerm.RowBlock, CostTerm.RowChunk,
        CostTerm.OutputProduct, CostTerm.OutputFlush, CostTerm.SpecialScore, CostTerm.WholeRowScore, CostTerm.KeyDot, CostTerm.KeyDotGather,
        CostTerm.CacheByte, CostTerm.MemoryByte, CostTerm.RowMemory, CostTerm.RowGather,
    ];

    private static readonly CostTerm[] PackTerms =
    [
        CostTerm.PackStart, CostTerm.PackSlot, CostTerm.PackChannel, CostTerm.PackGather, CostTerm.PackMemory, CostTerm.PackMemoryGather,
        CostTerm.RowScale, CostTerm.ColumnScale,
    ];

    /// <summary>Fits packing and attention apart.</summary>
    public static KernelCosts Of(List<ProbeRun> runs, double wake)
    {
        double[] seconds = new double[KernelCosts.Terms];
        double[] packs = [.. runs.Select(run => PackWork(run, wake))];
        Solve(PackTerms, [.. runs.Select(static run => run.Work.Pack)], packs, seconds);

        // The work of a run is its wall time times the share that the slowest thread leaves busy, which depends on the constants a little.
        foreach (CostTerm term in AttendTerms)
        {
            seconds[(int)term] = StartingGuess;
        }

        for (int fit = 0; fit < Fits; fit++)
        {
            KernelCosts costs = new(seconds);
            List<double[]> counts = [];
            List<double> work = [];
            foreach (ProbeRun run in runs)
            {
                double[] totals = new double[KernelCosts.Terms];
                double wall = run.Work.Attend(costs, wake, totals);
                counts.Add(totals);
                work.Add(run.AttendSeconds * costs.Of(totals) / wall);
            }

            Solve(AttendTerms, counts, [.. work], seconds, CostTerm.ScoreProduct, CostTerm.OutputProduct);
        }

        return new KernelCosts(seconds);
    }

    /// <summary>Thread-seconds that packing took: its wall time without the starts, times the threads.</summary>
    private static double PackWork(ProbeRun run, double wake)
    {
        PlanWork work = run.Work;
        double started = work.Passes * wake * (work.Threads - 1) / work.Threads;
        return Math.Max(run.PackSeconds / 4, run.PackSeconds - started) * work.Threads;
    }

    /// <summary>Relative least squares over some of the terms.</summary>
    private static void Solve(
        CostTerm[] terms, List<double[]> counts, double[] seconds, double[] solution, CostTerm? first = null, CostTerm? second = null)
    {
        List<double[]> rows = [];
        double[] ones = new double[seconds.Length + 1];
        for (int i = 0; i < seconds.Length; i++)
        {
            double weight = seconds[i] > 0 ? 1 / seconds[i] : 0;
            double[] run = counts[i];
            rows.Add([.. terms.Select(term => run[(int)term] * weight)]);
            ones[i] = weight > 0 ? 1 : 0;
        }

        double unit = counts[0][(int)CostTerm.ScoreProduct] * EqualRates / seconds[0];
        rows.Add([.. terms.Select(term => term == first ? unit : term == second ? -unit : 0)]);
        double[] found = NonNegativeLeastSquares.Solve(rows, ones);
        for (int i = 0; i < terms.Length; i++)
        {
            solution[(int)terms[i]] = found[i];
        }
    }
}
