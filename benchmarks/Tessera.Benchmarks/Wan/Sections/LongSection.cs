using System.Globalization;
using Tessera.Benchmarks.Driver;
using Tessera.Benchmarks.Reporting;
using Tessera.Benchmarks.Wan.Probes;
using Tessera.Layout;
using Tessera.Serialization;
using Tessera.Wan.Initialization;

namespace Tessera.Benchmarks.Wan.Sections;

/// <summary>
/// Whole denoising steps over a long clip with a tiny transformer: what attention saves end to end where it takes most of the time.
/// </summary>
internal sealed class LongSection : IBenchSection<WanContext>
{
    private const double WantedFactor = 2.5;
    private const int Seed = 1;

    /// <summary>10,080 tokens.</summary>
    private static readonly TokenGrid Grid = TokenGrid.Parse("21x24x20");

    public string Name => "long";

    public string Description => "steps of a tiny model over 10,080 tokens, dense and PARO 25 % int8 in turns";

    public SectionReport Run(WanContext context)
    {
        string folder = Path.Combine(context.WorkFolder, "wan-tiny");
        if (!Directory.Exists(folder))
        {
            new RandomCheckpoint(WanModelSizes.Tiny, Seed, WanParts.Transformer, TensorDataType.BFloat16).Write(folder);
        }

        double peak = context.MeasurePeak();
        WanForwardProbe.Forwards steps = context.Probe<WanForwardProbe.Forwards>(
            WanForwardProbe.ProbeName, folder, "--grid", Grid.ToString(), "--steps", "--plans", context.PlanFile("long"), "--repeat",
            Math.Max(5, context.Request.Repeat).ToString(CultureInfo.InvariantCulture));
        PassRow[] rows = [.. PassRow.Of(Grid, steps, peak)];
        return new SectionReport
        {
            Title = $"Denoising steps over {Grid.Tokens} tokens, tiny model, {context.Threads} threads",
            Notes =
            [
                "tessera wan init --config tiny --seed 1 --type bf16: 2 layers of 2 heads of 128. "
                    + "A step is both passes of the guidance, their combination and UniPC.",
            ],
            Tables =
            [
                new ReportTable<PassRow>(
                    "long", "", rows,
                    ("tokens", static row => $"{row.Grid} {row.Attention}"),
                    ("ms a step", static row => Figures.Milliseconds(row.Seconds)),
                    ("min .. max", static row => $"{Figures.Milliseconds(row.Least)} .. {Figures.Milliseconds(row.Most)}"),
                    ("against dense", static row => Figures.Factor(row.Ratio))),
                PassRow.Stages(rows),
            ],
            Goals = [new GoalCheck("a step against dense", WantedFactor, rows[^1].Ratio, "x")],
        };
    }
}
