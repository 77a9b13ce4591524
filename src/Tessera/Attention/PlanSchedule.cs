namespace Tessera.Attention;

/// <summary>
/// Which plan each attention call of a generation runs: (step or noise phase, layer) to plan. Plain data, so that it can be stored: the
/// distinct plans, a table of indices into them, and at most one dense warm-up. Immutable and safe to share.
/// </summary>
/// <remarks>
/// FPSAttention's phases are a schedule by noise time; PAROAttention's shared masks, t(step) = floor(step / S * T), are one by step groups;
/// STA's searched masks are one row a step and one column a layer.
/// </remarks>
public sealed class PlanSchedule
{
    // 1 - 10/50 and 1 - 0.2 differ in the last bit; a step that lands on a boundary must not depend on that.
    private const double NoiseTolerance = 1e-9;

    private readonly AttentionPlan[] _plans;
    private readonly int[] _table;
    private readonly double[] _boundaries;

    /// <summary>Makes a schedule from its data.</summary>
    /// <param name="name">Stable name with parameters.</param>
    /// <param name="plans">Distinct plans, all of one shape.</param>
    /// <param name="axis">What rows stand for.</param>
    /// <param name="noiseBoundaries">Strictly falling noise times between rows, one fewer than rows; empty when rows are steps.</param>
    /// <param name="table">Plan index per [row, layer], row-major.</param>
    /// <param name="layers">Columns of the table; 1 serves all layers.</param>
    /// <param name="policy">Dense warm-up.</param>
    /// <param name="densePlan">Index of the plan of the warm-up; -1 when there is none.</param>
    /// <exception cref="ArgumentException">The parts do not fit; the message names them.</exception>
    public PlanSchedule(
        string name, IReadOnlyList<AttentionPlan> plans, ScheduleAxis axis, ReadOnlySpan<double> noiseBoundaries, ReadOnlySpan<int> table,
        int layers, DensePolicy policy = default, int densePlan = -1)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(plans);
        ArgumentOutOfRangeException.ThrowIfLessThan(layers, 1);
        if (plans.Count == 0 || table.Length == 0 || table.Length % layers != 0)
        {
            throw new ArgumentException(
                $"Schedule '{name}' has {plans.Count} plans and {table.Length} table entries for {layers} layers; "
                    + "wanted plans, and rows x layers entries.",
                nameof(table));
        }

        Rows = table.Length / layers;
        if (axis == ScheduleAxis.NoiseTime ? noiseBoundaries.Length != Rows - 1 : noiseBoundaries.Length != 0)
        {
            throw new ArgumentException(
                $"Schedule '{name}' by {axis} has {Rows} rows and {noiseBoundaries.Length} noise boundaries; "
                    + "phases need one fewer than rows, steps none.",
                nameof(noiseBoundaries));
        }

        for (int i = 0; i < noiseBoundaries.Length; i++)
        {
            if (!(noiseBoundaries[i] is >= 0 and <= 1) || (i > 0 && noiseBoundaries[i] >= noiseBoundaries[i - 1]))
            {
                throw new ArgumentException(
                    $"Schedule '{name}': noise boundary {i} is {noiseBoundaries[i]}; wanted strictly falling values in 0..1.",
                    nameof(noiseBoundaries));
            }
        }

        bool warm = policy != DensePolicy.None;
        if (warm != (densePlan >= 0) || densePlan >= plans.Count || policy.FirstSteps < 0 || policy.FirstLayers < 0)
        {
            throw new ArgumentException(
                $"Schedule '{name}' has {policy} with plan {densePlan} of {plans.Count}; a warm-up needs a plan and a plan a warm-up.",
                nameof(densePlan));
        }

        foreach (int index in table)
        {
            if ((uint)index >= (uint)plans.Count)
            {
                throw new ArgumentException($"Schedule '{name}' refers to plan {index}, but has {plans.Count}.", nameof(table));
            }
        }

        foreach (AttentionPlan plan in plans)
        {
            if (plan.Shape != plans[0].Shape)
            {
                throw new ArgumentException(
                    $"Schedule '{name}' mixes shapes {plans[0].Shape} and {plan.Shape}; wanted one.", nameof(plans));
            }
        }

        Name = name;
        Axis = axis;
        Layers = layers;
        Policy = policy;
        DensePlanIndex = densePlan;
        _plans = [.. plans];
        _table = table.ToArray();
        _boundaries = noiseBoundaries.ToArray();
    }

    /// <summary>Stable name with parameters.</summary>
    public string Name { get; }

    /// <summary>The distinct plans; the table refers to them by position.</summary>
    public IReadOnlyList<AttentionPlan> Plans => _plans;

    /// <summary>What rows stand for.</summary>
    public ScheduleAxis Axis { get; }

    /// <summary>Step groups or noise phases.</summary>
    public int Rows { get; }

    /// <summary>Columns of the table; 1 serves all layers.</summary>
    public int Layers { get; }

    /// <summary>Falling noise times between phases; empty when rows are steps.</summary>
    public ReadOnlySpan<double> NoiseBoundaries => _boundaries;

    /// <summary>Plan index per [row, layer], row-major.</summary>
    public ReadOnlySpan<int> Table => _table;

    /// <summary>Dense warm-up.</summary>
    public DensePolicy Policy { get; }

    /// <summary>Plan of the warm-up, or -1.</summary>
    public int DensePlanIndex { get; }

    /// <summary>The plan of a call.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The step or layer is outside what the schedule or the context covers.</exception>
    public AttentionPlan this[StepContext context] => _plans[IndexOf(context)];

    /// <summary>One plan for every call.</summary>
    public static PlanSchedule Constant(AttentionPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return new PlanSchedule(plan.Name, [plan], ScheduleAxis.Step, [], [0], layers: 1);
    }

    /// <summary>One plan per equal group of steps, for all layers: t(step) = floor(step / step count * groups).</summary>
    public static PlanSchedule BySteps(string name, IReadOnlyList<AttentionPlan> groups)
    {
        ArgumentNullException.ThrowIfNull(groups);
        (AttentionPlan[] plans, int[] table) = Distinct(groups);
        return new PlanSchedule(name, plans, ScheduleAxis.Step, [], table, layers: 1);
    }

    /// <summary>One plan per [step group, layer]; equal instances are stored once.</summary>
    /// <exception cref="ArgumentException">The rows differ in length.</exception>
    public static PlanSchedule ByStepsAndLayers(string name, IReadOnlyList<IReadOnlyList<AttentionPlan>> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        int layers = rows.Count == 0 ? 1 : rows[0].Count;
        List<AttentionPlan> all = [];
        foreach (IReadOnlyList<AttentionPlan> row in rows)
        {
            if (row.Count != layers)
            {
                throw new ArgumentException(
                    $"Schedule '{name}' has rows of {layers} and {row.Count} layers; wanted one length.", nameof(rows));
            }

            all.AddRange(row);
        }

        (AttentionPlan[] plans, int[] table) = Distinct(all);
        return new PlanSchedule(name, plans, ScheduleAxis.Step, [], table, layers);
    }

    /// <summary>One plan per noise phase, for all layers: phase i holds boundaries[i] &lt; u, from the noisiest on.</summary>
    /// <param name="name">Stable name.</param>
    /// <param name="phases">Plans, noisiest first.</param>
    /// <param name="boundaries">Falling noise times between them; a call at u exactly on a boundary belongs to the later phase.</param>
    public static PlanSchedule ByNoise(string name, IReadOnlyList<AttentionPlan> phases, ReadOnlySpan<double> boundaries)
    {
        ArgumentNullException.ThrowIfNull(phases);
        (AttentionPlan[] plans, int[] table) = Distinct(phases);
        return new PlanSchedule(name, plans, ScheduleAxis.NoiseTime, boundaries, table, layers: 1);
    }

    /// <summary>This schedule behind a dense warm-up.</summary>
    /// <param name="dense">Plan of the warm-up.</param>
    /// <param name="policy">Steps and layers that run it; <see cref="DensePolicy.None"/> returns the schedule itself.</param>
    /// <exception cref="InvalidOperationException">The schedule has a warm-up already.</exception>
    public PlanSchedule WithDense(AttentionPlan dense, DensePolicy policy)
    {
        ArgumentNullException.ThrowIfNull(dense);
        if (Policy != DensePolicy.None)
        {
            throw new InvalidOperationException($"Schedule '{Name}' has a warm-up already ({Policy}).");
        }

        if (policy == DensePolicy.None)
        {
            return this;
        }

        int index = Array.IndexOf(_plans, dense);
        AttentionPlan[] plans = index >= 0 ? _plans : [.. _plans, dense];
        return new PlanSchedule(
            $"{Name}+{policy.FirstSteps}s{policy.FirstLayers}l", plans, Axis, _boundaries, _table, Layers, policy,
            index >= 0 ? index : _plans.Length);
    }

    /// <summary>Position in <see cref="Plans"/> of the plan of a call.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The step or layer is outside what the schedule or the context covers.</exception>
    public int IndexOf(StepContext context)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(context.Step, nameof(context));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(context.Step, context.StepCount, nameof(context));
        ArgumentOutOfRangeException.ThrowIfNegative(context.Layer, nameof(context));
        if (Policy.Covers(context))
        {
            return DensePlanIndex;
        }

        if (Layers > 1 && context.Layer >= Layers)
        {
            throw new ArgumentOutOfRangeException(
                nameof(context), context.Layer, $"Schedule '{Name}' covers {Layers} layers; calibrate it for this model.");
        }

        int column = Layers == 1 ? 0 : context.Layer;
        return _table[(RowOf(context) * Layers) + column];
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Name}: {_plans.Length} plans, {Rows} {(Axis == ScheduleAxis.Step ? "step groups" : "noise phases")} "
            + $"x {(Layers == 1 ? "all" : $"{Layers}")} layers";

    private static (AttentionPlan[] Plans, int[] Table) Distinct(IReadOnlyList<AttentionPlan> all)
    {
        List<AttentionPlan> plans = [];
        Dictionary<AttentionPlan, int> positions = new(ReferenceEqualityComparer.Instance);
        int[] table = new int[all.Count];
        for (int i = 0; i < table.Length; i++)
        {
            ArgumentNullException.ThrowIfNull(all[i], nameof(all));
            if (!positions.TryGetValue(all[i], out table[i]))
            {
                table[i] = plans.Count;
                positions.Add(all[i], plans.Count);
                plans.Add(all[i]);
            }
        }

        return ([.. plans], table);
    }

    private int RowOf(StepContext context)
    {
        if (Axis == ScheduleAxis.Step)
        {
            return (int)((long)context.Step * Rows / context.StepCount);
        }

        int row = 0;
        while (row < _boundaries.Length && context.NoiseTime <= _boundaries[row] + NoiseTolerance)
        {
            row++;
        }

        return row;
    }
}
