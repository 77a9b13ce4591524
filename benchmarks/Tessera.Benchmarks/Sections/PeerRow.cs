using Tessera.Attention;
using Tessera.Benchmarks.Peers;
using Tessera.Benchmarks.Timing;

namespace Tessera.Benchmarks.Sections;

/// <summary>One engine of the comparison.</summary>
/// <param name="Name">Name in the table.</param>
/// <param name="Case">Case of ours as the command line spells it; empty for a peer.</param>
/// <param name="HeadDim">Channels of a head.</param>
/// <param name="Density">Share of blocks computed.</param>
/// <param name="Times">Figures of its runs.</param>
/// <param name="EffectiveGflops">Dense-equivalent rate by wall time.</param>
/// <param name="Ratio">Median wall time of the yardstick over ours; NaN without a yardstick.</param>
/// <param name="ProcessorRatio">The same by processor time.</param>
internal sealed record PeerRow(
    string Name, string Case, int HeadDim, double Density, RunTimes Times, double EffectiveGflops, double Ratio, double ProcessorRatio)
{
    public static PeerRow Of(IContestant contestant, AttentionShape shape, RunTimes times, RunTimes? yardstick)
    {
        bool isOurs = contestant is not PeerContestant;
        return new PeerRow(
            isOurs ? $"Tessera {contestant.Name}" : contestant.Name, isOurs ? contestant.Name : "", shape.HeadDim, contestant.Density,
            times, shape.DenseOperations / times.Median * 1e-9, yardstick?.Median / times.Median ?? double.NaN,
            yardstick?.Processor / times.Processor ?? double.NaN);
    }
}
