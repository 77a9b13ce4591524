using System.Globalization;
using Tessera.Benchmarks.Driver;
using Tessera.Benchmarks.Reporting;
using Tessera.Benchmarks.Wan.Probes;
using Tessera.Cli.Options;
using Tessera.Layout;

namespace Tessera.Benchmarks.Wan.Sections;

/// <summary>A forward pass of the transformer in its true size, dense and with PAROAttention in turns.</summary>
internal sealed class ForwardSection : IBenchSection<WanContext>
{
    private const double WantedExtraGigabytes = 2;

    // Grids of the goals, with the wanted share of the peak and the wanted factor of PARO.
    private static readonly Dictionary<string, (double Share, double? Factor)> Wanted = new()
    {
        ["5x16x16"] = (0.68, null),
        ["5x30x52"] = (0.66, 1.7),
    };

    public string Name => "forward";

    public string Description => "a forward pass: rate, stages, memory, dense and PARO 25 % int8 in turns";

    public SectionReport Run(WanContext context)
    {
        string folder = context.Model().Folder;
        List<PassRow> rows = [];
        foreach (TokenGrid grid in context.Request.Grids)
        {
            double peak = context.MeasurePeak();
            WanForwardProbe.Forwards forwards = context.Probe<WanForwardProbe.Forwards>(
                WanForwardProbe.ProbeName,
                [
                    folder, "--grid", grid.ToString(), "--precision", PrecisionOption.NameOf(context.Request.Precision),
                    "--repeat", context.Request.Repeat.ToString(CultureInfo.InvariantCulture),
                    .. context.Request.SkipsParo ? (string[])[] : ["--plans", context.PlanFile($"forward-{grid}")],
                ]);
            rows.AddRange(PassRow.Of(grid, forwards, Math.Max(peak, context.MeasurePeak())));
        }

        return new SectionReport
        {
            Title = $"Forward pass, weights {rows[0].WeightBytes * 1e-9:0.00} GB, "
                + $"{PrecisionOption.NameOf(context.Request.Precision)} products, {context.Threads} threads",
            Notes =
            [
                "One pass with 512 rows of text, encoded beforehand; passes of both kinds in turns in one process. "
                    + "PARO is calibrated on the same latent by a dense pass beforehand.",
                "GFLOP/s count 2 P L + 4 L^2 D layers, also where blocks are skipped; executed counts what a dense pass runs.",
                "Memory is the largest resident set (VmHWM), pages of mapped weights included; that of PARO holds the dense one too.",
            ],
            Tables =
            [
                new ReportTable<PassRow>(
                    "forward", "", rows,
                    ("tokens", static row => $"{row.Grid} {row.Attention}"),
                    ("s", static row => $"{row.Seconds:0.00}"),
                    ("min .. max", static row => $"{row.Least:0.00} .. {row.Most:0.00}"),
                    ("GFLOP/s", static row => $"{row.Gflops:0}"),
                    ("of peak", static row => Figures.Share(row.Share)),
                    ("of peak, executed", static row => row.Ratio == 1 ? Figures.Share(row.ExecutedShare) : "-"),
                    ("against dense", static row => Figures.Factor(row.Ratio)),
                    ("peak memory GB", static row => $"{row.PeakBytes * 1e-9:0.00}")),
                PassRow.Stages(rows),
            ],
            Goals = [.. rows.SelectMany(Goals)],
        };
    }

    private static IEnumerable<GoalCheck> Goals(PassRow row)
    {
        if (Wanted.TryGetValue(row.Grid.Split(' ')[0], out (double Share, double? Factor) wanted))
        {
            if (row.Ratio == 1)
            {
                yield return new GoalCheck($"{row.Grid} dense, of peak", wanted.Share * 100, row.Share * 100, " %");
                yield return new GoalCheck(
                    $"{row.Grid} dense, memory beyond the weights", WantedExtraGigabytes, (row.PeakBytes - row.WeightBytes) * 1e-9, " GB",
                    IsCeiling: true);
            }
            else if (wanted.Factor is { } factor)
            {
                yield return new GoalCheck($"{row.Grid} {row.Attention} against dense", factor, row.Ratio, "x");
            }
        }
    }
}
