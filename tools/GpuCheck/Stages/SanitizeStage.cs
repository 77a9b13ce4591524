namespace GpuCheck.Stages;

/// <summary>The smallest shape alone: what compute-sanitizer wraps.</summary>
internal sealed class SanitizeStage : IStage
{
    public string Name => "smallest";

    public string Purpose => "one small shape, for compute-sanitizer around this program";

    public TimeSpan Budget => TimeSpan.FromMinutes(2);

    public IEnumerable<CheckCase> Cases(CheckContext context)
    {
        yield return CheckCase.Of("smallest", () => AttentionStage.Smallest(context));
    }
}
