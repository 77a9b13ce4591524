namespace Tessera.Attention;

/// <summary>What the rows of a <see cref="PlanSchedule"/> stand for.</summary>
public enum ScheduleAxis
{
    /// <summary>
    /// Equal groups of executed steps: row = floor(step / step count * rows). With as many rows as steps, one row a step.
    /// </summary>
    Step = 0,

    /// <summary>Phases by noise time u: row = number of boundaries b with u at most b.</summary>
    NoiseTime,
}
