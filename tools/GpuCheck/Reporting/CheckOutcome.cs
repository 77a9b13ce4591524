namespace GpuCheck.Reporting;

/// <summary>How a check ended.</summary>
internal enum CheckOutcome
{
    Passed = 0,

    Failed,

    /// <summary>Could not be made here; the detail says why. Never counted as passed.</summary>
    Skipped,

    /// <summary>A figure without a bound.</summary>
    Measured,
}
