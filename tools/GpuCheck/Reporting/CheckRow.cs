namespace GpuCheck.Reporting;

/// <summary>One line of a stage's report.</summary>
/// <param name="Name">What was looked at.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Value">The figure; null when there is none.</param>
/// <param name="Bound">What it was held to; null for none.</param>
/// <param name="Unit">Unit of both.</param>
/// <param name="Detail">The rest.</param>
internal sealed record CheckRow(string Name, CheckOutcome Outcome, double? Value, double? Bound, string Unit, string Detail)
{
    /// <summary>Entry points that the check ran; what a pass verifies.</summary>
    public IReadOnlyList<string> Kernels { get; init; } = [];

    /// <summary>Instructions that a pass proves.</summary>
    public IReadOnlyList<string> Instructions { get; init; } = [];

    /// <summary>A figure that may be at most a bound.</summary>
    public static CheckRow AtMost(string name, double value, double bound, string unit, string detail = "") =>
        new(name, value <= bound ? CheckOutcome.Passed : CheckOutcome.Failed, value, bound, unit, detail);

    /// <summary>A figure that must be at least a bound.</summary>
    public static CheckRow AtLeast(string name, double value, double bound, string unit, string detail = "") =>
        new(name, value >= bound ? CheckOutcome.Passed : CheckOutcome.Failed, value, bound, unit, detail);

    /// <summary>A statement that holds or not.</summary>
    public static CheckRow Holds(string name, bool holds, string detail = "") =>
        new(name, holds ? CheckOutcome.Passed : CheckOutcome.Failed, null, null, "", detail);

    /// <summary>A figure.</summary>
    public static CheckRow Figure(string name, double value, string unit, string detail = "") =>
        new(name, CheckOutcome.Measured, value, null, unit, detail);

    /// <summary>What could not be checked.</summary>
    public static CheckRow Skip(string name, string reason) => new(name, CheckOutcome.Skipped, null, null, "", reason);

    /// <summary>What broke off.</summary>
    public static CheckRow Broken(string name, Exception fault) =>
        new(name, CheckOutcome.Failed, null, null, "", $"{fault.GetType().Name}: {fault.Message}");
}
