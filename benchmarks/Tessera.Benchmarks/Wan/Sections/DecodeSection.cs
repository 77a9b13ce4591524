using System.Globalization;
using Tessera.Benchmarks.Driver;
using Tessera.Benchmarks.Reporting;
using Tessera.Benchmarks.Timing;
using Tessera.Benchmarks.Wan.Probes;

namespace Tessera.Benchmarks.Wan.Sections;

/// <summary>Decoding latents with one of the autoencoders.</summary>
internal sealed class DecodeSection(string name, string title, double wantedShare, bool isTiny, params string[] latents)
    : IBenchSection<WanContext>
{
    public string Name => name;

    public string Description => $"{title}: decoding, rate and memory";

    public SectionReport Run(WanContext context)
    {
        string folder = isTiny ? context.WorkFolder : context.Model().Folder;
        List<DecodeRow> rows = [];
        foreach (string latent in latents)
        {
            double peak = context.MeasurePeak();
            WanDecodeProbe.Decoded decoded = context.Probe<WanDecodeProbe.Decoded>(
                WanDecodeProbe.ProbeName,
                [
                    folder, "--latent", latent, "--repeat", context.Request.Repeat.ToString(CultureInfo.InvariantCulture),
                    .. isTiny ? (string[])["--tiny"] : [],
                ]);
            rows.Add(new DecodeRow(
                latent, RunTimes.MedianOf(decoded.Seconds), decoded.Seconds.Min(), decoded.Seconds.Max(), decoded.Flops,
                Math.Max(peak, context.MeasurePeak()), decoded.PeakBytes));
        }

        return new SectionReport
        {
            Title = $"{title}, {context.Threads} threads",
            Notes =
            [
                $"Medians of {context.Request.Repeat} decodings of whole frames after one of a small latent. Operations are those of the "
                    + "network as it is written down, two for each multiply-add; memory is the largest resident set.",
            ],
            Tables =
            [
                new ReportTable<DecodeRow>(
                    name, "", rows,
                    ("latent", static row => row.Latent),
                    ("s", static row => $"{row.Seconds:0.00}"),
                    ("min .. max", static row => $"{row.Least:0.00} .. {row.Most:0.00}"),
                    ("TFLOP", static row => $"{row.Flops * 1e-12:0.000}"),
                    ("GFLOP/s", static row => $"{row.Gflops:0}"),
                    ("of peak", static row => Figures.Share(row.Gflops / row.PeakGflops)),
                    ("peak memory GB", static row => $"{row.PeakBytes * 1e-9:0.00}")),
            ],
            Goals =
            [
                .. rows.Select(row => new GoalCheck($"{row.Latent}, of peak", wantedShare * 100, 100 * row.Gflops / row.PeakGflops, " %")),
            ],
        };
    }

    private sealed record DecodeRow(
        string Latent, double Seconds, double Least, double Most, double Flops, double PeakGflops, long PeakBytes)
    {
        public double Gflops => Flops * 1e-9 / Seconds;
    }
}
