using GpuCheck.Reporting;

namespace GpuCheck.Stages;

/// <summary>A stage of a visit to a GPU: a few minutes, runnable alone, one report.</summary>
internal interface IStage
{
    string Name { get; }

    string Purpose { get; }

    /// <summary>Runs it; rows are reported as they come.</summary>
    IEnumerable<CheckRow> Run(CheckContext context);
}
