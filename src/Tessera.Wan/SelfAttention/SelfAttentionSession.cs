using Tessera.Attention;
using Tessera.Wan.Transformer;

namespace Tessera.Wan.SelfAttention;

/// <summary>Self-attention made from options, with what there is to tell about it. Owns it.</summary>
public sealed class SelfAttentionSession : IDisposable
{
    private readonly Func<PlanSchedule?> _schedule;

    internal SelfAttentionSession(
        ISelfAttention attention, SelfAttentionMeter meter, Func<PlanSchedule?> schedule, DensePolicy warmUp)
    {
        Attention = attention;
        Meter = meter;
        _schedule = schedule;
        WarmUp = warmUp;
    }

    /// <summary>What the transformer calls.</summary>
    public ISelfAttention Attention { get; }

    /// <summary>Method as the command line spells it, or <c>plan</c>.</summary>
    public required string Method { get; init; }

    /// <summary>Settings in force, one line.</summary>
    public required string Settings { get; init; }

    /// <summary>Content hash of the plan file; null without one.</summary>
    public string? PlanHash { get; init; }

    /// <summary>What a reader of the result must know, for example that plans were calibrated within the generation.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The plans; null for methods that plan in each call, and before a generation has calibrated itself.</summary>
    public PlanSchedule? Schedule => _schedule();

    /// <summary>Steps and layers that run dense.</summary>
    public DensePolicy WarmUp { get; }

    /// <summary>The step whose Q and K calibrate the plans of the steps after it; null when plans are known or made in each call.</summary>
    public int? CalibrationStep { get; init; }

    /// <summary>Counts and times.</summary>
    public SelfAttentionMeter Meter { get; }

    /// <summary>The comparison with dense attention; null when none was asked for.</summary>
    public DeviationReport? Deviations => Comparison?.Report();

    /// <summary>Files of captured Q, K and V.</summary>
    public IReadOnlyList<string> CapturedFiles => Capture?.Files ?? [];

    internal DeviationSelfAttention? Comparison { get; init; }

    internal CapturingSelfAttention? Capture { get; init; }

    /// <summary>What a step runs, for progress lines.</summary>
    public string PhaseOf(StepContext step) =>
        step.Step == CalibrationStep ? $"dense, calibrating {Method}"
        : step.Step < WarmUp.FirstSteps ? "dense warm-up"
        : Schedule is { } schedule ? schedule[step with { Layer = Math.Min(WarmUp.FirstLayers, step.LayerCount - 1) }].Name
        : Method;

    /// <inheritdoc/>
    public void Dispose() => Attention.Dispose();
}
