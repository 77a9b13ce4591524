namespace GpuCheck.Stages;

/// <summary>A stage of a visit to a GPU: a few minutes, runnable alone, one report.</summary>
internal interface IStage
{
    string Name { get; }

    string Purpose { get; }

    /// <summary>After this long no further case begins; what is left is reported as skipped.</summary>
    TimeSpan Budget { get; }

    /// <summary>Whether there is nothing to do without a device.</summary>
    bool NeedsDevice => true;

    /// <summary>Cases in a row that may take the process or the device's context with them before the stage is given up.</summary>
    int Patience => 3;

    /// <summary>
    /// Its cases, always the same ones in the same order: a process that takes over counts on it. Naming them does no work.
    /// </summary>
    IEnumerable<CheckCase> Cases(CheckContext context);
}
