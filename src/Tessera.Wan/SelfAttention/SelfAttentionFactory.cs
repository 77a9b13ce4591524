using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Methods;
using Tessera.Methods.Dense;
using Tessera.Methods.Fps;
using Tessera.Methods.Paro;
using Tessera.Methods.Sage;
using Tessera.Methods.SlidingTile;
using Tessera.Methods.Sparge;
using Tessera.Methods.SparseVideoGen;
using Tessera.Quantization;
using Tessera.Serialization;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.Transformer;

namespace Tessera.Wan.SelfAttention;

/// <summary>Makes self-attention from what a user asks for.</summary>
/// <param name="kernels">What runs plans.</param>
/// <param name="reader">Reads softmax maps, for PARO and SVG; a backend offers one.</param>
public sealed class SelfAttentionFactory(KernelSettings kernels, IAttentionMapReader reader)
{
    // What these compute does not depend on a density: every block.
    private static readonly string[] WithoutDensity = ["dense", "sage"];

    /// <summary>Makes self-attention.</summary>
    /// <param name="options">What is asked for.</param>
    /// <param name="model">The transformer.</param>
    /// <param name="grid">Tokens of the video.</param>
    /// <param name="steps">Steps of the sampler.</param>
    /// <exception cref="ArgumentException">The options contradict each other or the model; the message says what to do.</exception>
    /// <exception cref="PlanMismatchException">The plan file was made for another model or size.</exception>
    public SelfAttentionSession Create(SelfAttentionOptions options, WanTransformerConfig model, TokenGrid grid, int steps)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        options.Capture?.RequireWithin(steps, model.Layers, model.Heads);
        Made made = options.Plan is { } plan ? OfPlan(options, plan, model, grid) : OfMethod(options, model, grid, steps);
        ISelfAttention attention = made.Attention;
        DeviationSelfAttention? comparison = null;
        CapturingSelfAttention? capture = null;
        if (options.ComparesDense)
        {
            attention = comparison = new DeviationSelfAttention(attention, made.WarmUp, kernels);
        }

        if (options.Capture is { } request)
        {
            attention = capture = new CapturingSelfAttention(attention, request);
        }

        return new SelfAttentionSession(attention, made.Meter, made.Schedule, made.WarmUp)
        {
            Method = made.Method,
            Settings = made.Settings,
            PlanHash = options.Plan?.Hash,
            Notes = made.Notes,
            CalibrationStep = made.CalibrationStep,
            Comparison = comparison,
            Capture = capture,
        };
    }

    private Made OfPlan(SelfAttentionOptions options, PlanFile file, WanTransformerConfig model, TokenGrid grid)
    {
        PlanSchedule schedule = file.Schedule;
        if (options.Density is not null)
        {
            throw new ArgumentException("The density is fixed by the plan; leave one of plan and density out.", nameof(options));
        }

        if (options.Method is { } method && !schedule.Name.StartsWith(method, StringComparison.Ordinal))
        {
            throw new ArgumentException(
                $"Plan '{schedule.Name}' was not made by method {method}; leave the method out or calibrate again.", nameof(options));
        }

        ScheduleFit.Require(schedule, model, grid);
        schedule = WithWarmUp(schedule.ForOneSequence(), options, grid);
        if (options.Recipe is { } recipe)
        {
            // The warm-up keeps its own formats: it is what the rest is measured by.
            AttentionPlan? dense = schedule.DensePlanIndex >= 0 ? schedule.Plans[schedule.DensePlanIndex] : null;
            schedule = schedule.WithPlans(plan => ReferenceEquals(plan, dense) ? plan : plan with { Recipe = recipe });
        }

        return Scheduled(options.Method ?? "plan", $"plan {schedule}, {schedule.Policy}", schedule);
    }

    /// <summary>A warm-up that the user asks for replaces that of the file.</summary>
    private static PlanSchedule WithWarmUp(PlanSchedule schedule, SelfAttentionOptions options, TokenGrid grid)
    {
        if (options.WarmUp is not { } policy || policy == schedule.Policy)
        {
            return schedule;
        }

        PlanSchedule bare = new(
            schedule.Name, schedule.Plans, schedule.Axis, schedule.NoiseBoundaries, schedule.Table, schedule.Layers);
        return bare.WithDense(DensePlan(schedule.Plans[0].Shape, grid), policy);
    }

    private Made OfMethod(SelfAttentionOptions options, WanTransformerConfig model, TokenGrid grid, int steps)
    {
        string name = options.Method ?? "dense";
        if (options.Density is < 1 && WithoutDensity.Contains(name))
        {
            throw new ArgumentException(
                FormattableString.Invariant($"Density {options.Density:0.###} does not fit method {name}, which computes every block; ")
                    + "leave it out or take paro, fps, sta, svg or sparge.",
                nameof(options));
        }

        PlanningContext context = new(grid) { Recipe = options.Recipe, BlockSize = options.BlockSize };
        AttentionShape shape = new(1, model.Heads, grid.Tokens, grid.Tokens, model.HeadDim);
        DensePolicy policy = options.WarmUp ?? WarmUpPolicies.Of(name, name == "paro", steps, model.Layers);
        AttentionPlan dense = DensePlan(shape, grid);
        switch (name)
        {
            case "dense":
                DenseOptions exact = new();
                return Scheduled(
                    name, $"recipe {options.Recipe ?? exact.Recipe}",
                    PlanSchedule.Constant(dense with { Name = DenseName(options.Recipe), Recipe = options.Recipe ?? exact.Recipe }));
            case "sage":
                QuantizationRecipe recipe = options.Recipe ?? new SageOptions().Recipe;
                return Scheduled(
                    name, $"recipe {recipe}, {policy}",
                    PlanSchedule.Constant(dense with { Name = recipe.Name, Recipe = recipe }).WithDense(dense, policy));
            case "fps":
                FpsMethod fps = new(FpsOptions.Default with { Density = options.Density });
                return Scheduled(name, $"{fps.Describe().Settings}, {policy}", fps.Schedule(shape, context).WithDense(dense, policy));
            case "sta":
                PlanSchedule sta = SlidingTile(options, shape, context);
                return Scheduled(name, $"{sta.Name}, {policy}", sta.WithDense(dense, policy));
            case "svg":
                SparseVideoGenOptions svg = new();
                return Online(
                    new SparseVideoGenMethod(options.Density is { } band ? svg with { Density = band } : svg, reader), context, policy);
            case "sparge":
                SpargeOptions sparge = new();
                return Online(
                    new SpargeMethod(options.Density is { } share ? sparge with { TopK = share } : sparge), context, policy);
            case "paro":
                return SelfCalibrating(options, model, context, policy, steps);
            default:
                throw new ArgumentException(
                    $"Method '{name}' is unknown; wanted one of {string.Join(", ", KnownMethods.Names)}.", nameof(options));
        }
    }

    private static PlanSchedule SlidingTile(SelfAttentionOptions options, AttentionShape shape, in PlanningContext context)
    {
        SlidingTileOptions settings = new();
        TileLayout layout = TileLayout.ForBlocks(context.Grid, settings.Tile, context.BlockSize.Query, context.BlockSize.Key);
        IReadOnlyList<TileWindow> windows = options.Density is { } density
            ? [new TileWindowCatalogue(layout, context.BlockSize).ForDensity(density, settings.Bound)]
            : settings.Windows;
        return PlanSchedule.Constant(SlidingTileMethod.Plan(shape, context, layout, windows));
    }

    private Made Online(IAttentionMethod method, in PlanningContext context, DensePolicy policy)
    {
        SelfAttentionMeter meter = new();
        return new Made(new OnlineSelfAttention(method, context, policy, kernels, meter), meter, static () => null, policy)
        {
            Method = method.Name,
            Settings = $"{method.Describe().Settings}, recipe {context.Recipe ?? KnownRecipes.Float32}, {policy}",
        };
    }

    private Made SelfCalibrating(
        SelfAttentionOptions options, WanTransformerConfig model, in PlanningContext context, DensePolicy policy, int steps)
    {
        if (policy.FirstSteps >= steps)
        {
            throw new ArgumentException(
                $"PARO without a plan file needs a dense step to calibrate on and a step to run, but {policy.FirstSteps} of {steps} "
                    + "steps are dense; take more steps, fewer dense ones, or a plan made by 'tessera plan calibrate'.",
                nameof(options));
        }

        ParoOptions paro = new();
        paro = options.Density is { } density ? paro with { Density = density } : paro;
        SelfAttentionMeter meter = new();
        ParoWarmUp warmUp = new(paro, context, policy, model.Layers, reader)
        {
            PlanPath = options.CalibratedPlanPath,
            Fingerprint = options.Fingerprint,
        };
        SelfCalibratingAttention attention = new(warmUp, kernels, meter);
        return new Made(attention, meter, () => attention.Schedule, policy)
        {
            Method = "paro",
            Settings = $"{new ParoMethod(reader, paro).Describe().Settings}, recipe {context.Recipe ?? KnownRecipes.Float32}, {policy}",
            CalibrationStep = warmUp.CalibrationStep,
            Notes =
            [
                $"PARO was calibrated within this generation, on step {warmUp.CalibrationStep} of one prompt; the paper calibrates "
                    + "offline over prompts and noise levels ('tessera plan calibrate').",
            ],
        };
    }

    private Made Scheduled(string method, string settings, PlanSchedule schedule)
    {
        SelfAttentionMeter meter = new();
        return new Made(new ScheduledSelfAttention(schedule, kernels, meter), meter, () => schedule, schedule.Policy)
        {
            Method = method,
            Settings = settings,
        };
    }

    private static AttentionPlan DensePlan(AttentionShape shape, TokenGrid grid) => AttentionPlan.Dense(shape) with { Grid = grid };

    private static string DenseName(QuantizationRecipe? recipe) => recipe is null or { IsExact: true } ? "dense" : $"dense-{recipe.Name}";

    /// <summary>What one way of attending makes, before anything watches it.</summary>
    private sealed record Made(ISelfAttention Attention, SelfAttentionMeter Meter, Func<PlanSchedule?> Schedule, DensePolicy WarmUp)
    {
        public required string Method { get; init; }

        public required string Settings { get; init; }

        public IReadOnlyList<string> Notes { get; init; } = [];

        public int? CalibrationStep { get; init; }
    }
}
