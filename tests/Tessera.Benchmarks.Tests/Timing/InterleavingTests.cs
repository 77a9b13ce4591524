using Tessera.Benchmarks.Timing;
using Xunit;

namespace Tessera.Benchmarks.Tests.Timing;

public sealed class InterleavingTests
{
    [Fact]
    public void Every_round_runs_each_contestant_once_and_starts_with_another()
    {
        List<string> log = [];
        Logged[] contestants = [new("a", log), new("b", log), new("c", log)];

        IReadOnlyList<Sample>[] samples = Interleaving.Run(contestants, 4, CancellationToken.None);

        string[] rounds = [.. log.Chunk(3).Select(static round => string.Concat(round))];
        Assert.Equal(["abc", "bca", "cab", "abc"], rounds[^4..]);
        Assert.All(rounds, static round => Assert.Equal("abc", string.Concat(round.Order())));
        Assert.True(rounds.Length > 4, "nothing ran untimed first");
        Assert.All(samples, static one => Assert.Equal(4, one.Count));
    }

    [Fact]
    public void Untimed_runs_are_not_among_the_samples()
    {
        List<string> log = [];
        Logged contestant = new("a", log);

        IReadOnlyList<Sample> samples = Interleaving.Run([contestant], 2, CancellationToken.None)[0];

        Assert.Equal([log.Count - 1, log.Count], samples.Select(static sample => (int)sample.Seconds));
    }

    [Fact]
    public void Cancellation_stops_between_runs() =>
        Assert.Throws<OperationCanceledException>(() => Interleaving.Run([new Logged("a", [])], 1, new CancellationToken(canceled: true)));

    /// <summary>Writes its name and says as its time how many runs there were.</summary>
    private sealed class Logged(string name, List<string> log) : IContestant
    {
        public string Name => name;

        public double Density => 1;

        public Sample Run()
        {
            log.Add(name);
            return new Sample(log.Count, 0);
        }

        public void Dispose()
        {
        }
    }
}
