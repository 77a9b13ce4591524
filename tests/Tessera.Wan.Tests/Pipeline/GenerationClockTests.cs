using Tessera.Wan.Pipeline;
using Xunit;

namespace Tessera.Wan.Tests.Pipeline;

public sealed class GenerationClockTests
{
    /// <summary>Everything takes three times as long as expected: time left is three times the expected rest.</summary>
    [Fact]
    public void Time_left_follows_what_has_been_measured()
    {
        FakeTime time = new();
        List<StepProgress> reports = [];
        GenerationClock clock = new(2, [10, 10, 4], 6, new Recorder(reports), time);
        clock.Report(GenerationStage.TextEncoding, 0, 0, "", null);
        time.Advance(6);
        clock.Report(GenerationStage.Denoising, 0, 0, "dense", null);
        Assert.Equal(TimeSpan.FromSeconds(90), reports[^1].Remaining);
        time.Advance(15);
        clock.Report(GenerationStage.Denoising, 0, 0.5, "dense", null);
        Assert.Equal(TimeSpan.FromSeconds(75), reports[^1].Remaining);
        Assert.Equal(7.0 / 32, reports[^1].Fraction, 9);
        time.Advance(45 + 12);
        clock.Report(GenerationStage.Denoising, 3, 0, "sparse", null);
        Assert.Equal(TimeSpan.FromSeconds(18), reports[^1].Remaining);
        time.Advance(18);
        clock.Report(GenerationStage.Decoding, 3, 1, "", null);
        Assert.Equal((1.0, TimeSpan.Zero), (reports[^1].Fraction, reports[^1].Remaining));
        Assert.Equal(TimeSpan.FromSeconds(96), reports[^1].Elapsed);
    }

    /// <summary>What was done before an interruption is progress, but no measure of speed.</summary>
    [Fact]
    public void A_resumed_generation_measures_from_where_it_began()
    {
        FakeTime time = new();
        List<StepProgress> reports = [];
        GenerationClock clock = new(2, [10, 10, 10], 6, new Recorder(reports), time);
        clock.Report(GenerationStage.Denoising, 2, 0, "", null);
        Assert.Null(reports[0].Remaining);
        Assert.Equal(22.0 / 38, reports[0].Fraction, 9);
        time.Advance(5);
        clock.Report(GenerationStage.Denoising, 2, 1, "", null);
        Assert.Equal(TimeSpan.FromSeconds(3), reports[^1].Remaining);
    }

    private sealed class FakeTime : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Advance(int seconds) => _now += seconds * TimeSpan.TicksPerSecond;
    }

    private sealed class Recorder(List<StepProgress> reports) : IProgress<StepProgress>
    {
        public void Report(StepProgress value) => reports.Add(value);
    }
}
