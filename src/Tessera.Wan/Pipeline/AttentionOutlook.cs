using Tessera.Attention;
using Tessera.Methods.Fps;
using Tessera.Methods.Sage;
using Tessera.Quantization;
using Tessera.Wan.SelfAttention;

namespace Tessera.Wan.Pipeline;

/// <summary>What self-attention is expected to compute in each step, before anything has been planned.</summary>
internal sealed class AttentionOutlook
{
    private readonly DensePolicy _warmUp;
    private readonly double _sparse;
    private readonly double _warmLayers;
    private readonly QuantizationRecipe _recipe;
    private readonly QuantizationRecipe _warmRecipe = KnownRecipes.Float32;

    /// <param name="options">Self-attention in force.</param>
    /// <param name="steps">Steps of the sampler.</param>
    /// <param name="layers">Layers of the transformer.</param>
    public AttentionOutlook(SelfAttentionOptions options, int steps, int layers)
    {
        string method = options.Method ?? "dense";
        PlanSchedule? schedule = options.Plan?.Schedule;
        _warmUp = options.WarmUp ?? schedule?.Policy ?? WarmUpPolicies.Of(method, method == "paro", steps, layers);
        _sparse = schedule is not null
            ? schedule.Table.ToArray().Average(index => schedule.Plans[index].Mask.Density)
            : method is "dense" or "sage" ? 1 : options.Density ?? DefaultDensity(method);
        _recipe = options.Recipe
            ?? (schedule is not null ? schedule.Plans[schedule.Table[0]].Recipe : DefaultRecipe(method));
        _warmLayers = Math.Min(1, (double)_warmUp.FirstLayers / layers);
    }

    /// <summary>Number formats of steps behind the warm-up.</summary>
    public QuantizationRecipe Recipe => _recipe;

    /// <summary>Density over all layers of a step, and the formats of most of them.</summary>
    public (double Density, QuantizationRecipe Recipe) Of(int step) => step < _warmUp.FirstSteps
        ? (1, _warmRecipe)
        : (_warmLayers + ((1 - _warmLayers) * _sparse), _recipe);

    /// <summary>What methods compute when they are asked for no density; those of FPS and STA depend on the grid.</summary>
    private static double DefaultDensity(string method) => method is "paro" or "sparge" ? 0.5 : 0.3;

    // The others' own formats are decided while they plan.
    private static QuantizationRecipe DefaultRecipe(string method) => method switch
    {
        "sage" => new SageOptions().Recipe,
        "fps" => new FpsOptions().RecipeOf(FpsPhase.Middle),
        _ => KnownRecipes.Float32,
    };
}
