namespace Tessera.Benchmarks.Timing;

/// <summary>
/// Runs contestants in turns, so that a drifting machine or a busy neighbour slows all of them and favours none. Each round starts with
/// another contestant, so that nobody always runs behind the same one.
/// </summary>
internal static class Interleaving
{
    /// <summary>Untimed rounds: code is compiled in its final tier, memory is touched, a peer has built its session.</summary>
    private const int WarmUpRounds = 3;

    /// <summary>Samples of each contestant, in their order.</summary>
    /// <param name="contestants">Who runs.</param>
    /// <param name="rounds">Timed runs of each.</param>
    /// <param name="cancellationToken">Polled between runs.</param>
    public static IReadOnlyList<Sample>[] Run(
        IReadOnlyList<IContestant> contestants, int rounds, CancellationToken cancellationToken)
    {
        List<Sample>[] samples = [.. contestants.Select(static _ => new List<Sample>())];
        for (int round = -WarmUpRounds; round < rounds; round++)
        {
            for (int turn = 0; turn < contestants.Count; turn++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int index = (turn + Math.Max(0, round)) % contestants.Count;
                Sample sample = contestants[index].Run();
                if (round >= 0)
                {
                    samples[index].Add(sample);
                }
            }
        }

        return samples;
    }

    /// <summary>The figures of each contestant, in their order.</summary>
    public static RunTimes[] Time(IReadOnlyList<IContestant> contestants, int rounds, CancellationToken cancellationToken) =>
        [.. Run(contestants, rounds, cancellationToken).Select(static samples => RunTimes.Of(samples))];
}
