using Tessera.Attention;

namespace Tessera.Methods.Paro;

/// <summary>The result of calibrating one layer: a plan per mask group and the report. Immutable.</summary>
/// <param name="Plans">One plan per mask group.</param>
/// <param name="Sharing">Which steps use which.</param>
/// <param name="Report">Orders, scores, kept mass and densities.</param>
public sealed record ParoCalibration(IReadOnlyList<AttentionPlan> Plans, ParoTimeSharing Sharing, ParoReport Report)
{
    /// <summary>Plan of each step.</summary>
    public IReadOnlyList<AttentionPlan> StepPlans => [.. Sharing.GroupOfStep.Select(group => Plans[group])];

    /// <summary>The plans as a schedule for one layer, or for all layers that share them.</summary>
    public PlanSchedule Schedule => PlanSchedule.BySteps($"{Plans[0].Name}-{Sharing}", StepPlans);

    /// <summary>One schedule for a model from its layers' calibrations.</summary>
    /// <param name="name">Stable name.</param>
    /// <param name="layers">Calibrations by layer, all with the same number of steps.</param>
    /// <exception cref="ArgumentException">No layers, or layers with different step counts.</exception>
    public static PlanSchedule Join(string name, IReadOnlyList<ParoCalibration> layers)
    {
        ArgumentNullException.ThrowIfNull(layers);
        int[] steps = [.. layers.Select(static layer => layer.Sharing.Steps).Distinct()];
        if (steps.Length != 1)
        {
            throw new ArgumentException($"Layers have step counts [{string.Join(", ", steps)}]; wanted one.", nameof(layers));
        }

        IReadOnlyList<AttentionPlan>[] rows =
        [
            .. Enumerable.Range(0, steps[0])
                .Select(step => (IReadOnlyList<AttentionPlan>)[.. layers.Select(layer => layer.StepPlans[step])]),
        ];
        return PlanSchedule.ByStepsAndLayers(name, rows);
    }
}
