using Tessera.Benchmarks.Driver;
using Tessera.Benchmarks.Reporting;
using Tessera.Benchmarks.Timing;
using Tessera.Benchmarks.Wan.Probes;

namespace Tessera.Benchmarks.Wan.Sections;

/// <summary>How long a checkpoint of true size takes to open, and that its weights are not read for it.</summary>
internal sealed class OpenSection : IBenchSection<WanContext>
{
    private const double WantedSeconds = 3;
    private const int Processes = 5;

    public string Name => "open";

    public string Description => "time and memory to open the transformer in a fresh process";

    public SectionReport Run(WanContext context)
    {
        string folder = context.Model().Folder;
        WanOpenProbe.Opened[] samples =
            [.. Enumerable.Range(0, Processes).Select(_ => context.Probe<WanOpenProbe.Opened>(WanOpenProbe.ProbeName, folder))];
        OpenRow row = new(
            samples[0].Parameters, samples[0].Tensors, samples[0].Bytes, RunTimes.MedianOf(samples.Select(static one => one.Seconds)),
            samples.Max(static one => one.Seconds), samples.Max(static one => one.ResidentBytes));
        return new SectionReport
        {
            Title = "Opening the transformer",
            Notes = [$"Medians over {Processes} fresh processes, from the folder's name to weights that can be multiplied."],
            Tables =
            [
                new ReportTable<OpenRow>(
                    "open", "", [row],
                    ("parameters", static row => $"{row.Parameters:N0}"),
                    ("tensors", static row => $"{row.Tensors}"),
                    ("GB", static row => $"{row.Bytes * 1e-9:0.00}"),
                    ("ms", static row => Figures.Milliseconds(row.Seconds)),
                    ("worst ms", static row => Figures.Milliseconds(row.WorstSeconds)),
                    ("resident MB more", static row => $"{row.ResidentBytes * 1e-6:0.0}")),
            ],
            Goals = [new GoalCheck("seconds to open", WantedSeconds, row.Seconds, " s", IsCeiling: true)],
        };
    }

    private sealed record OpenRow(long Parameters, int Tensors, long Bytes, double Seconds, double WorstSeconds, long ResidentBytes);
}
