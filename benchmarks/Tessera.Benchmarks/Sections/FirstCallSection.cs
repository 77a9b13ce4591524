using Tessera.Attention;
using Tessera.Benchmarks.Driver;
using Tessera.Benchmarks.Probes;
using Tessera.Benchmarks.Reporting;
using Tessera.Benchmarks.Timing;

namespace Tessera.Benchmarks.Sections;

/// <summary>
/// What the first call of a process costs beyond the tenth: compilation of our code by the runtime and of the plan by us.
/// </summary>
internal sealed class FirstCallSection : IBenchSection
{
    private const double WantedExtraMilliseconds = 150;
    private const int Processes = 5;

    public string Name => "first-call";

    public string Description => "first call of a fresh process against its tenth";

    public SectionReport Run(BenchContext context)
    {
        List<FirstCallRow> rows = [];
        foreach (int headDim in context.Request.HeadDims)
        {
            AttentionShape shape = context.ShapeOf(headDim);
            foreach (BenchCase one in context.Request.Cases)
            {
                context.Report($"{shape} {one}: {Processes} processes");
                FirstCallProbe.FirstCalls[] samples = new FirstCallProbe.FirstCalls[Processes];
                for (int i = 0; i < Processes; i++)
                {
                    context.CancellationToken.ThrowIfCancellationRequested();
                    samples[i] = ProbeProcess.Run<FirstCallProbe.FirstCalls>(FirstCallProbe.ProbeName, one, shape, context.Request.Options);
                }

                rows.Add(FirstCallRow.Of(one.ToString(), headDim, samples));
            }
        }

        return new SectionReport
        {
            Title = $"First call: {context.Request.Heads} heads of {context.Request.Length} tokens, default settings of the runtime",
            Notes = [$"Medians over {Processes} fresh processes; the first call holds compiling the plan, extra is first minus tenth."],
            Tables =
            [
                new ReportTable<FirstCallRow>(
                    "firstCall", "", rows,
                    ("case", static row => $"{row.Case}, D={row.HeadDim}"),
                    ("1st: ms", static row => Figures.Milliseconds(row.First)),
                    ("2nd: ms", static row => Figures.Milliseconds(row.Second)),
                    ("10th: ms", static row => Figures.Milliseconds(row.Tenth)),
                    ("extra: ms", static row => Figures.Milliseconds(row.Extra)),
                    ("worst extra: ms", static row => Figures.Milliseconds(row.WorstExtra))),
            ],
            Goals =
            [
                .. rows.Select(static row => new GoalCheck(
                    $"{row.Case}, D={row.HeadDim}", WantedExtraMilliseconds, row.Extra * 1e3, " ms", IsCeiling: true)),
            ],
        };
    }

    private sealed record FirstCallRow(
        string Case, int HeadDim, double First, double Second, double Tenth, double Extra, double WorstExtra)
    {
        public static FirstCallRow Of(string name, int headDim, IReadOnlyList<FirstCallProbe.FirstCalls> processes) => new(
            name, headDim,
            RunTimes.MedianOf(processes.Select(static one => one.Seconds[0])),
            RunTimes.MedianOf(processes.Select(static one => one.Seconds[1])),
            RunTimes.MedianOf(processes.Select(static one => one.Seconds[^1])),
            RunTimes.MedianOf(processes.Select(static one => one.Seconds[0] - one.Seconds[^1])),
            processes.Max(static one => one.Seconds[0] - one.Seconds[^1]));
    }
}
