using System.Collections.Immutable;
using Tessera.Attention;
using Tessera.Backends.Cpu.Costs;
using Tessera.Quantization;

namespace Tessera.Backends.Cpu;

/// <summary>
/// Predicts run times of the cpu backend from a few constants of this machine. Constants are thread-seconds of units of work, counted on
/// the backend's own layout, tiles and hand-out order; docs/design/cost-model.md has the formula and how well it does. Thread-safe.
/// </summary>
/// <remarks>
/// Predicted are float32 inputs without a rotary embedding and without a log-sum-exp, in steady state. Blocks that SpargeAttention's second
/// stage skips depend on the data and are predicted as computed.
/// </remarks>
public sealed class CpuCostModel : ICostModel
{
    private readonly CpuOptions _options;
    private readonly CpuBackend _backend;
    private readonly CacheSizes _caches;
    private readonly CpuCostFile? _file;
    private readonly bool _measures;
    private readonly Lock _turn = new();
    private CpuCostConstants _constants;

    /// <summary>Predicts with given constants and measures nothing.</summary>
    /// <param name="constants">Constants.</param>
    /// <param name="options">The options that plans will run with.</param>
    public CpuCostModel(CpuCostConstants constants, CpuOptions? options = null)
        : this(constants, options ?? CpuOptions.Default, CacheSizes.OfThisMachine, null, measures: false)
    {
    }

    internal CpuCostModel(CpuCostConstants constants, CpuOptions options, CacheSizes caches, CpuCostFile? file, bool measures)
    {
        ArgumentNullException.ThrowIfNull(constants);
        _constants = constants;
        _options = options;
        _backend = new CpuBackend(options);
        _caches = caches;
        _file = file;
        _measures = measures;
    }

    /// <summary>Constants known so far.</summary>
    public CpuCostConstants Constants => Volatile.Read(ref _constants);

    /// <summary>Measures the constants of some recipes; others are refused.</summary>
    /// <param name="options">The options that plans will run with.</param>
    /// <param name="recipes">Recipes; about a second each.</param>
    public static CpuCostModel Measure(CpuOptions? options = null, params IReadOnlyList<QuantizationRecipe> recipes)
    {
        ArgumentNullException.ThrowIfNull(recipes);
        CpuCostModel model = Empty(options ?? CpuOptions.Default, null);
        foreach (QuantizationRecipe recipe in recipes)
        {
            _ = model.CostsOf(recipe);
        }

        return new CpuCostModel(model.Constants, options);
    }

    /// <summary>
    /// The model of this machine. Constants come from a file in the user's cache folder; those that it lacks are measured when a plan first
    /// needs them, about a second for each kind of recipe, and added to it.
    /// </summary>
    /// <param name="options">The options that plans will run with.</param>
    /// <param name="folder">Cache folder; null for the user's.</param>
    public static CpuCostModel ForThisMachine(CpuOptions? options = null, string? folder = null)
    {
        options ??= CpuOptions.Default;
        return Empty(options, new CpuCostFile(folder ?? CpuCostFile.DefaultFolder, MachineKey.Of(options)));
    }

    /// <summary>Whether a plan can be predicted without measuring.</summary>
    public bool Knows(AttentionPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        CpuCostConstants constants = Constants;
        return constants.Recipes.ContainsKey(CpuCostConstants.KindOf(plan.Recipe))
            && (plan.Mask.Predicate is not { } predicate || constants.Functors.ContainsKey(FunctorProbe.KeyOf(predicate)))
            && (plan.ScoreModifier is not { } modifier || constants.Functors.ContainsKey(FunctorProbe.KeyOf(modifier)));
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The constants lack the plan's recipe or functor, and the model measures
    /// nothing.</exception>
    public CostEstimate Predict(AttentionPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        plan.Validate();
        if (_backend.Supports(plan) is { IsSupported: false } refusal)
        {
            throw new BackendUnavailableException($"Plan '{plan.Name}' has no cost on the cpu backend: {refusal.Reason}.");
        }

        KernelCosts costs = CostsOf(plan);
        double wake = Constants.WakeSeconds;
        PlanWork work = new(plan, _options, _caches);
        double[] totals = new double[KernelCosts.Terms];
        double attend = work.Attend(costs, wake, totals);
        double share = 1.0 / work.Threads;
        double start = wake * (work.Threads - 1) * share;
        double Stage(params ReadOnlySpan<CostTerm> terms)
        {
            double seconds = 0;
            foreach (CostTerm term in terms)
            {
                seconds += totals[(int)term] * costs[term];
            }

            return seconds * share;
        }

        double pack = work.PackSeconds(costs, wake);
        double packStarts = Math.Min(pack, start * work.Passes);
        double imbalance = Math.Max(0, attend - (costs.Of(totals) * share));
        double attendStarts = Math.Min(imbalance, start * work.Groups);
        return new CostEstimate(
            pack - packStarts,
            Stage(CostTerm.Tile, CostTerm.Row, CostTerm.RowChannel),
            Stage(CostTerm.ScoreProduct, CostTerm.KeyDot, CostTerm.KeyDotGather),
            Stage(CostTerm.Score, CostTerm.RowBlock, CostTerm.RowChunk, CostTerm.WholeRowScore),
            Stage(CostTerm.OutputProduct, CostTerm.OutputFlush),
            Stage(CostTerm.SpecialScore, CostTerm.PredicatePair, CostTerm.ModifierPair),
            Stage(CostTerm.CacheByte, CostTerm.MemoryByte, CostTerm.RowMemory, CostTerm.RowGather),
            imbalance - attendStarts,
            packStarts + attendStarts);
    }

    private static CpuCostModel Empty(CpuOptions options, CpuCostFile? file)
    {
        CpuCostConstants constants = file?.Read() ?? new CpuCostConstants(
            MachineKey.Of(options), CpuCostProbe.MeasureWake(options), ImmutableDictionary<string, KernelCosts>.Empty,
            ImmutableDictionary<string, double>.Empty);
        return new CpuCostModel(constants, options, CacheSizes.OfThisMachine, file, measures: true);
    }

    /// <summary>Constants of a plan's recipe and functors.</summary>
    private KernelCosts CostsOf(AttentionPlan plan)
    {
        KernelCosts costs = CostsOf(plan.Recipe);
        if (plan.Mask.Predicate is { } predicate)
        {
            costs = costs.With(
                CostTerm.PredicatePair,
                FunctorCost(
                    FunctorProbe.KeyOf(predicate), wake => FunctorProbe.MeasurePredicate(plan, _options, costs, wake)));
        }

        if (plan.ScoreModifier is { } modifier)
        {
            costs = costs.With(
                CostTerm.ModifierPair,
                FunctorCost(FunctorProbe.KeyOf(modifier), wake => FunctorProbe.MeasureModifier(plan, _options, costs, wake)));
        }

        return costs;
    }

    private KernelCosts CostsOf(QuantizationRecipe recipe)
    {
        string kind = CpuCostConstants.KindOf(recipe);
        if (Constants.Recipes.TryGetValue(kind, out KernelCosts? known))
        {
            return known;
        }

        lock (_turn)
        {
            if (!_constants.Recipes.TryGetValue(kind, out known))
            {
                known = CpuCostProbe.Measure(recipe, _options, Measurable(kind).WakeSeconds);
                Keep(_constants.With(kind, known));
            }

            return known;
        }
    }

    private double FunctorCost(string functor, Func<double, double> measure)
    {
        if (Constants.Functors.TryGetValue(functor, out double known))
        {
            return known;
        }

        lock (_turn)
        {
            if (!_constants.Functors.TryGetValue(functor, out known))
            {
                known = measure(Measurable(functor).WakeSeconds);
                Keep(_constants.WithFunctor(functor, known));
            }

            return known;
        }
    }

    private CpuCostConstants Measurable(string what) => _measures ? _constants : throw new InvalidOperationException(
        $"The cost constants know nothing of '{what}'; measure it with CpuCostModel.Measure, or take CpuCostModel.ForThisMachine.");

    private void Keep(CpuCostConstants constants)
    {
        Volatile.Write(ref _constants, constants);
        _file?.Write(constants);
    }
}
