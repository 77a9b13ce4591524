using Tessera.Attention;
using Tessera.Benchmarks.Driver;
using Tessera.Benchmarks.Probes;
using Tessera.Benchmarks.Reporting;

namespace Tessera.Benchmarks.Sections;

/// <summary>Memory that a call over a long video needs beyond its inputs and its output.</summary>
internal sealed class MemorySection : IBenchSection
{
    /// <summary>Wan2.1 at 720p: a grid of 21 x 45 x 80.</summary>
    private const int Tokens = 75_600;
    private const int HeadDim = 128;
    private const double Density = 0.1;
    private const double WantedShare = 0.10;

    public string Name => "memory";

    public string Description => "peak working set at 75,600 tokens beyond inputs and output";

    public SectionReport Run(BenchContext context)
    {
        AttentionShape shape = new(1, 1, Tokens, Tokens, HeadDim);
        long tensors = 4L * sizeof(float) * Tokens * HeadDim;
        List<MemoryRow> rows = [];
        foreach (BenchCase one in context.Request.Formats.SelectMany(static format => (BenchCase[])[new(format, Density), new(format)]))
        {
            context.CancellationToken.ThrowIfCancellationRequested();
            context.Report($"{shape} {one}");
            MemoryProbe.PeakMemory idle = Measure(context, one, shape, MemoryProbe.Idle);
            MemoryProbe.PeakMemory attending = Measure(context, one, shape);
            rows.Add(new MemoryRow(one.ToString(), attending.Bytes, idle.Bytes, attending.ScratchBytes, tensors));
        }

        return new SectionReport
        {
            Title = $"Memory: one head of {Tokens} tokens and {HeadDim} channels, {context.Request.Options.EffectiveThreads} threads",
            Notes =
            [
                $"Inputs and output are {Megabytes(tensors)} MB. Extra is the peak working set of a process that attends, less that of one "
                    + "that holds the same tensors and attended over a small problem only; mask and plan count as extra.",
            ],
            Tables =
            [
                new ReportTable<MemoryRow>(
                    "memory", "", rows,
                    ("case", static row => row.Case),
                    ("peak MB", static row => Megabytes(row.PeakBytes)),
                    ("idle MB", static row => Megabytes(row.IdleBytes)),
                    ("extra MB", static row => Megabytes(row.ExtraBytes)),
                    ("of it packed and scratch", static row => Megabytes(row.ScratchBytes)),
                    ("extra over inputs + output", static row => Figures.Share(row.ExtraShare))),
            ],
            Goals = [.. rows.Select(static row => new GoalCheck(row.Case, WantedShare * 100, row.ExtraShare * 100, " %", IsCeiling: true))],
        };
    }

    private static MemoryProbe.PeakMemory Measure(
        BenchContext context, BenchCase one, AttentionShape shape, params IEnumerable<string> extra) =>
        ProbeProcess.Run<MemoryProbe.PeakMemory>(MemoryProbe.ProbeName, one, shape, context.Request.Options, extra);

    private static string Megabytes(long bytes) => $"{bytes * 1e-6:0.0}";

    private sealed record MemoryRow(string Case, long PeakBytes, long IdleBytes, long ScratchBytes, long TensorBytes)
    {
        public long ExtraBytes => PeakBytes - IdleBytes;

        public double ExtraShare => (double)ExtraBytes / TensorBytes;
    }
}
