using Tessera.Benchmarks.Reporting;
using Tessera.Benchmarks.Timing;
using Tessera.Benchmarks.Wan.Probes;
using Tessera.Layout;

namespace Tessera.Benchmarks.Wan.Sections;

/// <summary>Medians of the passes or steps of one way of attending.</summary>
internal sealed record PassRow(
    string Grid, string Attention, int Rounds, double Seconds, double Least, double Most, double Linears, double SelfAttention,
    double CrossAttention, double Elementwise, double Ends, double Flops, double ExecutedFlops, double PeakGflops, long PeakBytes,
    double WeightBytes, double Ratio)
{
    public double Gflops => Flops * 1e-9 / Seconds;

    public double Share => Gflops / PeakGflops;

    public double ExecutedShare => ExecutedFlops * 1e-9 / Seconds / PeakGflops;

    public static IEnumerable<PassRow> Of(TokenGrid grid, WanForwardProbe.Forwards forwards, double peak)
    {
        PassRow dense = Of(grid, "dense fp32", forwards.Dense, forwards, peak, forwards.DensePeakBytes);
        yield return dense;
        if (forwards.Paro.Length > 0)
        {
            PassRow paro = Of(grid, $"paro int8 {Figures.Share(forwards.ParoDensity)}", forwards.Paro, forwards, peak, forwards.PeakBytes);
            yield return paro with { Ratio = dense.Seconds / paro.Seconds };
        }
    }

    /// <summary>Where the time went.</summary>
    public static IReportTable Stages(IReadOnlyList<PassRow> rows) => new ReportTable<PassRow>(
        "stages", "Stages, seconds:", rows,
        ("tokens", static row => $"{row.Grid} {row.Attention}"),
        ("matrices", static row => $"{row.Linears:0.00}"),
        ("self-attention", static row => $"{row.SelfAttention:0.00}"),
        ("cross-attention", static row => $"{row.CrossAttention:0.00}"),
        ("norms and others", static row => $"{row.Elementwise:0.00}"),
        ("ends", static row => $"{row.Ends:0.00}"));

    private static PassRow Of(
        TokenGrid grid, string name, WanForwardProbe.Pass[] passes, WanForwardProbe.Forwards forwards, double peak, long peakBytes)
    {
        double Median(Func<WanForwardProbe.Pass, double> of) => RunTimes.MedianOf(passes.Select(of));
        return new PassRow(
            $"{grid} = {forwards.Tokens}", name, passes.Length, Median(static pass => pass.Seconds),
            passes.Min(static pass => pass.Seconds), passes.Max(static pass => pass.Seconds), Median(static pass => pass.Linears),
            Median(static pass => pass.SelfAttention), Median(static pass => pass.CrossAttention), Median(static pass => pass.Elementwise),
            Median(static pass => pass.Ends), forwards.Flops, forwards.ExecutedFlops, peak, peakBytes, forwards.WeightBytes, 1);
    }
}
