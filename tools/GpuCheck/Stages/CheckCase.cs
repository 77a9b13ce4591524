using GpuCheck.Reporting;

namespace GpuCheck.Stages;

/// <summary>A part of a stage that stands for itself: when it breaks off, or hangs, the next one is tried in a fresh process.</summary>
/// <param name="Name">What is looked at.</param>
/// <param name="Run">Looks; rows are reported as they come.</param>
internal sealed record CheckCase(string Name, Func<IEnumerable<CheckRow>> Run)
{
    /// <summary>After this long without a row it counts as hung.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>A case of one row.</summary>
    public static CheckCase Of(string name, Func<CheckRow> run) => new(name, () => [run()]);
}
