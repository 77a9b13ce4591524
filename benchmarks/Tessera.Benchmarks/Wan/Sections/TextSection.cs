using System.Globalization;
using Tessera.Benchmarks.Driver;
using Tessera.Benchmarks.Reporting;
using Tessera.Benchmarks.Timing;
using Tessera.Benchmarks.Wan.Probes;

namespace Tessera.Benchmarks.Wan.Sections;

/// <summary>The text encoder in its true size: time, rate at which its weights stream by, and memory.</summary>
internal sealed class TextSection : IBenchSection<WanContext>
{
    private const double WantedGigabytes = 16;

    /// <summary>Prompts alone from short to the longest, and one with Wan's negative prompt.</summary>
    private static readonly int[][] Prompts = [[24], [40], [77], [256], [512], [24, 126]];

    public string Name => "text";

    public string Description => "umT5-XXL: time, bytes of weights a second, peak memory";

    public SectionReport Run(WanContext context)
    {
        string folder = context.TextModel().Folder;
        double peak = context.MeasurePeak();
        TextRow[] rows =
        [
            .. Prompts.Select(lengths =>
            {
                string prompts = string.Join(',', lengths);
                WanTextProbe.Encoded encoded = context.Probe<WanTextProbe.Encoded>(
                    WanTextProbe.ProbeName, folder, "--prompts", prompts,
                    "--repeat", (context.Request.Repeat + 1).ToString(CultureInfo.InvariantCulture));
                return new TextRow(
                    prompts.Replace(",", " + ", StringComparison.Ordinal), encoded.Seconds[0], RunTimes.MedianOf(encoded.Seconds[1..]),
                    encoded.Bytes, encoded.Flops, encoded.PeakBytes, peak);
            }),
        ];
        return new SectionReport
        {
            Title = $"umT5-XXL, weights as stored, {context.Threads} threads",
            Notes =
            [
                "Each row is a process of its own; prompts of a row are encoded in one pass over the weights. "
                    + $"The first pass holds what the runtime compiles; then medians of {context.Request.Repeat}.",
                "Memory is the largest resident set of the process (VmHWM), pages of mapped weights included. "
                    + "GB/s counts the bytes of all blocks once a pass.",
            ],
            Tables =
            [
                new ReportTable<TextRow>(
                    "text", "", rows,
                    ("ids", static row => row.Prompts),
                    ("first: s", static row => $"{row.FirstSeconds:0.00}"),
                    ("then: s", static row => $"{row.Seconds:0.00}"),
                    ("weights GB/s", static row => $"{row.Bytes * 1e-9 / row.Seconds:0.0}"),
                    ("GFLOP/s", static row => $"{row.Gflops:0}"),
                    ("of peak", static row => Figures.Share(row.Gflops / row.PeakGflops)),
                    ("peak memory GB", static row => $"{row.PeakBytes * 1e-9:0.00}")),
            ],
            Goals =
            [
                new GoalCheck("peak memory of any pass", WantedGigabytes, rows.Max(static row => row.PeakBytes * 1e-9), " GB", true),
            ],
        };
    }

    private sealed record TextRow(
        string Prompts, double FirstSeconds, double Seconds, long Bytes, double Flops, long PeakBytes, double PeakGflops)
    {
        public double Gflops => Flops * 1e-9 / Seconds;
    }
}
