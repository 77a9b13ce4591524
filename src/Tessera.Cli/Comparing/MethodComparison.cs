using Tessera.Attention;
using Tessera.Cli.Output;
using Tessera.Cli.Running;
using Tessera.Cli.Terminal;
using Tessera.Methods;
using Tessera.Quantization;

namespace Tessera.Cli.Comparing;

/// <summary>All methods side by side on one input: the work of <c>compare</c> and the heart of <c>demo</c>.</summary>
internal static class MethodComparison
{
    /// <summary>Runs every method at every density in every format.</summary>
    /// <param name="session">The input and where to run.</param>
    /// <param name="variants">What to run, in order.</param>
    /// <param name="backends">For methods that look at attention maps while planning.</param>
    /// <param name="progress">Told before each run.</param>
    public static IReadOnlyList<ComparedMethod> Run(
        AttentionSession session, IReadOnlyList<MethodVariant> variants, BackendCatalogue backends, IProgress<WorkStep> progress)
    {
        progress.Report(new WorkStep("dense float32", 0));
        DenseReference dense = session.Dense;
        List<ComparedMethod> compared = [];
        PlanCache plans = new(session);
        foreach (MethodVariant variant in variants)
        {
            progress.Report(new WorkStep(variant.ToString(), (compared.Count + 1) / (double)(variants.Count + 1)));
            IAttentionMethod method = MethodCatalogue.Create(variant.Method, variant.Density, backends);
            (AttentionPlan plan, TimeSpan planTime) = plans.Plan(method, variant);
            AttentionMeasurement measured = session.Run(plan, planTime, method.IsOnline, compare: true);
            compared.Add(new ComparedMethod(
                variant, method.Describe(), measured,
                ComparisonRow.Of(variant.Method, variant.Density, measured, session.Grid, dense)));
        }

        return compared;
    }

    /// <summary>Methods x densities x formats; methods without a density appear once for all densities.</summary>
    public static IReadOnlyList<MethodVariant> Variants(
        IReadOnlyList<string> methods, IReadOnlyList<double> densities, IReadOnlyList<string> formats)
    {
        List<MethodVariant> variants = [];
        foreach (string method in methods)
        {
            IEnumerable<double?> own = MethodCatalogue.TakesDensity(method) ? densities.Select(static density => (double?)density) : [null];
            IEnumerable<string?> recipes = formats.Cast<string?>().DefaultIfEmpty();
            variants.AddRange(own.SelectMany(density => recipes.Select(recipe => new MethodVariant(method, density, recipe))));
        }

        return [.. variants.Distinct()];
    }

    // Orders and masks do not depend on number formats, so offline methods plan once for all formats.
    private sealed class PlanCache(AttentionSession session)
    {
        private readonly Dictionary<(string Method, double? Density), (AttentionPlan Plan, TimeSpan Time)> _made = [];

        public (AttentionPlan Plan, TimeSpan Time) Plan(IAttentionMethod method, MethodVariant variant)
        {
            QuantizationRecipe? recipe = variant.Recipe is { } name ? RecipeNames.Resolve(name) : null;
            if (method.IsOnline || recipe is null)
            {
                return session.Plan(method, recipe);
            }

            (string Method, double? Density) key = (variant.Method, variant.Density);
            if (!_made.TryGetValue(key, out (AttentionPlan Plan, TimeSpan Time) made))
            {
                made = session.Plan(method, recipe);
                _made.Add(key, made);
            }

            return (made.Plan with { Name = $"{variant.Method}-d{made.Plan.Mask.Density:0.00}-{recipe.Name}", Recipe = recipe }, made.Time);
        }
    }
}
