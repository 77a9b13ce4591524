using System.Globalization;
using Tessera.Attention;
using Tessera.Methods;
using Tessera.Methods.Paro;
using Tessera.Serialization;

namespace Tessera.Wan.SelfAttention;

/// <summary>How <see cref="SelfCalibratingAttention"/> calibrates and where it keeps what it finds.</summary>
/// <param name="Options">PAROAttention's settings.</param>
/// <param name="Context">Grid, recipe and block size of the plans.</param>
/// <param name="Policy">Dense warm-up; the last of its steps is looked at, so there must be one.</param>
/// <param name="Layers">Layers of the transformer.</param>
/// <param name="Reader">Streams statistics of softmax maps.</param>
public sealed record ParoWarmUp(
    ParoOptions Options, PlanningContext Context, DensePolicy Policy, int Layers, IAttentionMapReader Reader)
{
    private const string FingerprintKey = "generation";

    /// <summary>
    /// File that keeps the plans once they are made, so that a generation that is resumed after its warm-up goes on with them; null keeps
    /// them in memory only.
    /// </summary>
    public string? PlanPath { get; init; }

    /// <summary>
    /// What the plans depend on beside these settings: prompt, seed, model. A file with another fingerprint is not taken.
    /// </summary>
    public string Fingerprint { get; init; } = "";

    /// <summary>The step that is looked at.</summary>
    public int CalibrationStep => Policy.FirstSteps - 1;

    internal string FullFingerprint => string.Create(
        CultureInfo.InvariantCulture,
        $"{Fingerprint}|{Context.Grid}|{Context.BlockSize}|{Context.Recipe}|{Policy}|{Layers}|{Options}");

    /// <summary>The plans of a file that an interrupted run of the same generation left, or null.</summary>
    internal PlanSchedule? Load()
    {
        if (PlanPath is null || !File.Exists(PlanPath))
        {
            return null;
        }

        PlanFile file = PlanFile.Load(PlanPath);
        return file.Properties.GetValueOrDefault(FingerprintKey) == FullFingerprint ? file.Schedule : null;
    }

    /// <summary>The plan of each layer after the warm-up.</summary>
    internal AttentionPlan[] ByLayer(PlanSchedule schedule)
    {
        StepContext sparse = new(Policy.FirstSteps, Policy.FirstSteps + 1, 0, Layers);
        return [.. Enumerable.Range(0, Layers).Select(layer => schedule[sparse with { Layer = layer }])];
    }

    internal void Save(PlanSchedule schedule, IReadOnlyList<float> keptMass)
    {
        if (PlanPath is not null)
        {
            PlanFile file = new()
            {
                Schedule = schedule,
                KeptMass = keptMass,
                Properties = new Dictionary<string, string> { [FingerprintKey] = FullFingerprint },
            };
            file.Save(PlanPath);
        }
    }
}
