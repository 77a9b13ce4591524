using Tessera.Attention;
using Tessera.Benchmarks.Driver;
using Tessera.Benchmarks.Reporting;
using Tessera.Benchmarks.Timing;
using Tessera.Cli.Benchmarking;

namespace Tessera.Benchmarks.Sections;

/// <summary>How near block sparsity comes to 1/d, format by format against its own dense run.</summary>
internal sealed class DensitySection : IBenchSection
{
    private const double WantedShare = 0.92;
    private static readonly double[] Densities = [0.5, 0.4, 0.3, 0.25, 0.2, 0.15, 0.1];

    public string Name => "density";

    public string Description => "sparse against our own dense, share of 1/d";

    public SectionReport Run(BenchContext context)
    {
        List<DensityRow> rows = [];
        foreach (int headDim in context.Request.HeadDims)
        {
            foreach (string format in context.Request.Formats)
            {
                rows.AddRange(Measure(context, context.ShapeOf(headDim), format));
            }
        }

        CpuRequest request = context.Request;
        return new SectionReport
        {
            Title = $"Speed by density: {request.Heads} heads of {request.Length} tokens, {request.Options.EffectiveThreads} threads",
            Notes =
            [
                $"Medians of {request.Repeat} interleaved runs; blocks of 64 x 64, the diagonal and random others; density is the mask's "
                    + "true one.",
                "Masks are given: planning is not in these times; packing and quantising are.",
            ],
            Tables =
            [
                .. rows.GroupBy(static row => (row.HeadDim, row.Format))
                    .Select(static group => Table($"{group.Key.Format}, D = {group.Key.HeadDim}", [.. group])),
            ],
            Goals =
            [
                .. rows.Where(static row => row.Density < 1).GroupBy(static row => (row.Format, row.HeadDim))
                    .Select(static group => group.MinBy(static row => row.Share)!)
                    .Select(static row => new GoalCheck(
                        $"least share of 1/d, {row.Format}, D={row.HeadDim} (at {Figures.Share(row.Density)})", WantedShare * 100,
                        row.Share * 100, " %")),
            ],
        };
    }

    private static DensityRow[] Measure(BenchContext context, AttentionShape shape, string format)
    {
        using Contest contest = new(NormalTensors.Draw(shape));
        foreach (double density in (double[])[1, .. Densities])
        {
            BenchCase one = new(format, density);
            contest.Add(one.ToString(), one.Plan(shape, context.Request.Options), context.Backend);
        }

        context.Report($"{shape} {format}: {contest.Contestants.Count} densities, {context.Request.Repeat} rounds");
        RunTimes[] times = contest.Time(context.Request.Repeat, context.CancellationToken);
        return [.. contest.Contestants.Zip(times, (one, time) => DensityRow.Of(format, shape.HeadDim, one.Density, time, times[0]))];
    }

    private static ReportTable<DensityRow> Table(string caption, IReadOnlyList<DensityRow> rows) => new(
        $"{rows[0].Format}-headDim{rows[0].HeadDim}", caption, rows,
        ("density", static row => Figures.Share(row.Density)),
        ("ms", static row => Figures.Milliseconds(row.Times.Median)),
        ("min .. max", static row => $"{Figures.Milliseconds(row.Times.Minimum)} .. {Figures.Milliseconds(row.Times.Maximum)}"),
        ("CPU ms", static row => Figures.Milliseconds(row.Times.Processor)),
        ("speed-up", static row => Figures.Factor(row.SpeedUp)),
        ("1/d", static row => Figures.Factor(1 / row.Density)),
        ("share of 1/d", static row => Figures.Share(row.Share)),
        ("by CPU time", static row => Figures.Share(row.ProcessorShare)));

    /// <summary>One density of one format.</summary>
    /// <param name="Format">Format as the command line spells it.</param>
    /// <param name="HeadDim">Channels of a head.</param>
    /// <param name="Density">True share of blocks computed.</param>
    /// <param name="Times">Figures of its runs.</param>
    /// <param name="SpeedUp">Dense median wall time over this one.</param>
    /// <param name="Share">Speed-up over 1/d.</param>
    /// <param name="ProcessorShare">The same by processor time.</param>
    private sealed record DensityRow(
        string Format, int HeadDim, double Density, RunTimes Times, double SpeedUp, double Share, double ProcessorShare)
    {
        public static DensityRow Of(string format, int headDim, double density, RunTimes times, RunTimes dense) => new(
            format, headDim, density, times, dense.Median / times.Median, dense.Median / times.Median * density,
            dense.Processor / times.Processor * density);
    }
}
