using Tessera.Attention;
using Tessera.Methods;
using Tessera.Wan.Transformer;

namespace Tessera.Wan.SelfAttention.Calibration;

/// <summary>What a method gathers layer by layer, and the plans that it makes of it. Not thread-safe.</summary>
internal abstract class LayerCalibration(CalibrationSettings settings, CalibrationFolder folder)
{
    protected CalibrationSettings Settings { get; } = settings;

    protected CalibrationFolder Folder { get; } = folder;

    /// <summary>Planning context of a layer's plans.</summary>
    protected PlanningContext Context =>
        new(Settings.Grid) { Recipe = Settings.Recipe, BlockSize = Settings.BlockSize };

    /// <summary>Makes the calibration of the method.</summary>
    public static LayerCalibration Create(CalibrationSettings settings, CalibrationFolder folder, IAttentionMapReader reader) =>
        settings.Method == "paro" ? new OrderCalibration(settings, folder, reader) : new WindowCalibration(settings, folder);

    /// <summary>Adds the Q, K and V of a call. What was added before, in this run or an interrupted one, is left out.</summary>
    /// <param name="call">Where it stands.</param>
    /// <param name="observation">Unique name of the observation.</param>
    /// <param name="inputs">As <see cref="ISelfAttention.Attend"/>.</param>
    /// <param name="cancellationToken">Polled between block rows.</param>
    public abstract void Observe(
        in SelfAttentionCall call, string observation, in AttentionInputs inputs, CancellationToken cancellationToken);

    /// <summary>Told after the first prompt: what only one prompt need decide is decided.</summary>
    public virtual void EndFirstPrompt(CancellationToken cancellationToken)
    {
    }

    /// <summary>The plans of a layer, one per group, with kept mass per head where it is known.</summary>
    public abstract IReadOnlyList<(AttentionPlan Plan, float[]? KeptMass)> Build(int layer);

    /// <summary>The schedule of all layers' plans.</summary>
    /// <param name="layers">Plans by layer and group.</param>
    public PlanSchedule Schedule(IReadOnlyList<IReadOnlyList<AttentionPlan>> layers)
    {
        int groups = Settings.EffectiveGroups;
        List<AttentionPlan> plans = [];
        int[] table = new int[groups * layers.Count];
        for (int group = 0; group < groups; group++)
        {
            for (int layer = 0; layer < layers.Count; layer++)
            {
                table[(group * layers.Count) + layer] = plans.Count;
                plans.Add(layers[layer][group]);
            }
        }

        bool byNoise = Settings.Method == "fps";
        double[] boundaries = byNoise ? [1 - CalibrationSettings.Fps.Alpha1, 1 - CalibrationSettings.Fps.Alpha2] : [];
        PlanSchedule schedule = new(
            FormattableString.Invariant($"{Settings.Method}-d{Settings.Density:0.00}{Suffix}-t{groups}"), plans,
            byNoise ? ScheduleAxis.NoiseTime : ScheduleAxis.Step, boundaries, table, layers.Count);
        AttentionPlan dense = AttentionPlan.Dense(Settings.Shape) with { Grid = Settings.Grid };
        return schedule.WithDense(dense, Settings.WarmUp);
    }

    private string Suffix => Settings.Recipe is { IsExact: false } recipe ? $"-{recipe.Name}" : "";
}
