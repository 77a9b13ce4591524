using Tessera.Benchmarks.Sections;
using Tessera.Benchmarks.Timing;
using Tessera.Fidelity;
using Xunit;

namespace Tessera.Benchmarks.Tests.Sections;

public sealed class FormatRowTests
{
    [Fact]
    public void The_frontier_holds_what_nothing_beats()
    {
        FormatRow[] rows = FormatRow.MarkFrontier(
            [Row("exact", 4, 1e-6), Row("fast", 1, 1e-2), Row("worse", 1.5, 2e-2), Row("middle", 2, 1e-3), Row("slow", 2.5, 1e-3)]);

        Assert.Equal(["fast", "worse", "middle", "slow", "exact"], rows.Select(static row => row.Recipe));
        Assert.Equal(["fast", "middle", "exact"], rows.Where(static row => row.IsOnFrontier).Select(static row => row.Recipe));
    }

    [Fact]
    public void Noise_keeps_nobody_on_the_frontier()
    {
        // A hair faster with ten times the error, and a hair nearer at half the speed: neither is a choice.
        FormatRow[] rows = FormatRow.MarkFrontier([Row("hasty", 0.99, 1e-1), Row("good", 1, 1e-2), Row("heavy", 2, 0.99e-2)]);

        Assert.Equal("good", Assert.Single(rows, static row => row.IsOnFrontier).Recipe);
    }

    private static FormatRow Row(string name, double time, double error) =>
        new(name, "", 64, default(RunTimes), time, default(AttentionError) with { RelativeL1 = error }, default);
}
