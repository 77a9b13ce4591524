using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Benchmarks.Driver;
using Tessera.Benchmarks.Reporting;
using Tessera.Benchmarks.Timing;
using Tessera.Cli.Benchmarking;

namespace Tessera.Benchmarks.Sections;

/// <summary>One thread against all of the request, case by case.</summary>
internal sealed class ScalingSection : IBenchSection
{
    /// <summary>The goal is 1.95x on two threads, 97.5 % of what they could give.</summary>
    private const double WantedEfficiency = 0.975;

    public string Name => "scaling";

    public string Description => "one thread against all";

    public SectionReport Run(BenchContext context)
    {
        CpuRequest request = context.Request;
        int threads = request.Options.EffectiveThreads;
        List<ScalingRow> rows = [];
        foreach (int headDim in request.HeadDims)
        {
            rows.AddRange(Measure(context, context.ShapeOf(headDim), threads));
        }

        return new SectionReport
        {
            Title = $"Scaling: {request.Heads} heads of {request.Length} tokens, one thread against {threads}",
            Notes = [$"Medians of {request.Repeat} runs, both thread counts interleaved."],
            Tables =
            [
                new ReportTable<ScalingRow>(
                    "scaling", "", rows,
                    ("case", static row => $"{row.Case}, D={row.HeadDim}"),
                    ("1 thread: ms", static row => Figures.Milliseconds(row.Single.Median)),
                    ($"{threads} threads: ms", static row => Figures.Milliseconds(row.All.Median)),
                    ("speed-up", static row => Figures.Factor(row.SpeedUp)),
                    ("CPU time, all over one", static row => Figures.Factor(row.All.Processor / row.Single.Processor))),
            ],
            Goals = threads == 1
                ? []
                : [.. rows.Select(row => new GoalCheck($"{row.Case}, D={row.HeadDim}", WantedEfficiency * threads, row.SpeedUp, "x"))],
        };
    }

    private static IEnumerable<ScalingRow> Measure(BenchContext context, AttentionShape shape, int threads)
    {
        CpuRequest request = context.Request;
        CpuBackend single = new(request.Options with { Threads = 1 });
        using Contest contest = new(NormalTensors.Draw(shape));
        foreach (BenchCase one in request.Cases)
        {
            AttentionPlan plan = one.Plan(shape, request.Options);
            contest.Add($"{one}, 1 thread", plan, single);
            contest.Add($"{one}, {threads} threads", plan, context.Backend);
        }

        context.Report($"{shape}: {request.Cases.Count} cases, {request.Repeat} rounds");
        RunTimes[] times = contest.Time(request.Repeat, context.CancellationToken);
        return [.. request.Cases.Select((one, index) => new ScalingRow(
            one.ToString(), shape.HeadDim, times[2 * index], times[(2 * index) + 1],
            times[2 * index].Median / times[(2 * index) + 1].Median))];
    }

    private sealed record ScalingRow(string Case, int HeadDim, RunTimes Single, RunTimes All, double SpeedUp);
}
