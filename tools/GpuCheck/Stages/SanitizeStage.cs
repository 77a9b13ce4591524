using GpuCheck.Reporting;

namespace GpuCheck.Stages;

/// <summary>The smallest shape alone: what compute-sanitizer wraps.</summary>
internal sealed class SanitizeStage : IStage
{
    public string Name => "smallest";

    public string Purpose => "one small shape, for compute-sanitizer around this program";

    public IEnumerable<CheckRow> Run(CheckContext context)
    {
        yield return AttentionStage.Smallest(context);
    }
}
