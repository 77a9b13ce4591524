using Tessera.Attention;

namespace Tessera.Benchmarks.Peers;

/// <summary>Medians of one contestant.</summary>
internal sealed record PeerResult(string Name, double Density, double MedianSeconds, double MedianProcessorSeconds, double EffectiveGflops)
{
    public static PeerResult Of(IContestant contestant, AttentionShape shape, IReadOnlyCollection<Sample> samples)
    {
        double seconds = Median(samples.Select(static sample => sample.Seconds));
        return new(contestant.Name, contestant.Density, seconds, Median(samples.Select(static sample => sample.ProcessorSeconds)), shape.DenseOperations / seconds * 1e-9);
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
