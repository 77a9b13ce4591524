namespace Tessera.Benchmarks.Reporting;

/// <summary>A goal with what this run reached.</summary>
/// <param name="Case">What is measured.</param>
/// <param name="Wanted">The goal.</param>
/// <param name="Reached">The measurement.</param>
/// <param name="Unit">Printed behind both numbers.</param>
/// <param name="IsCeiling">Whether less is better.</param>
internal sealed record GoalCheck(string Case, double Wanted, double Reached, string Unit, bool IsCeiling = false)
{
    public bool IsMet => IsCeiling ? Reached <= Wanted : Reached >= Wanted;

    /// <summary>The table that closes a section.</summary>
    public static IReportTable Table(IReadOnlyList<GoalCheck> goals) => new ReportTable<GoalCheck>(
        "goals", "", goals,
        ("goal", static goal => goal.Case),
        ("wanted", static goal => $"{(goal.IsCeiling ? "at most " : "")}{goal.Wanted:0.###}{goal.Unit}"),
        ("reached", static goal => $"{goal.Reached:0.###}{goal.Unit}"),
        ("", static goal => goal.IsMet ? "met" : "missed"));
}
