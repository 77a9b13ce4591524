using System.Diagnostics;
using Tessera.Attention;
using Tessera.Cli.Inputs;
using Tessera.Fidelity;
using Tessera.Layout;
using Tessera.Methods;
using Tessera.Quantization;

namespace Tessera.Cli.Running;

/// <summary>Plans, runs and compares on one input. The dense reference is computed once, when it is first needed.</summary>
internal sealed class AttentionSession
{
    // The first call compiles, the second finds what methods keep between calls; from the third on calls are alike.
    private const int OnlineWarmUps = 2;

    private static readonly TokenGrid WarmUpGrid = new(4, 8, 8);

    private readonly BackendCatalogue _backends;
    private readonly string _backend;
    private readonly CancellationToken _cancellationToken;
    private readonly int _repeat;
    private readonly HashSet<(string Backend, QuantizationRecipe Recipe)> _warm = [];
    private DenseReference? _dense;

    /// <summary>Opens a session.</summary>
    /// <param name="tensors">The input.</param>
    /// <param name="grid">Its grid.</param>
    /// <param name="backends">Backends to choose from.</param>
    /// <param name="backend">Backend asked for, or auto.</param>
    /// <param name="repeat">Timed runs of each plan; the fastest counts.</param>
    /// <param name="cancellationToken">Stops between query blocks.</param>
    public AttentionSession(
        HeadTensors tensors, TokenGrid grid, BackendCatalogue backends, string backend, int repeat, CancellationToken cancellationToken)
    {
        Tensors = tensors;
        Grid = grid;
        _backends = backends;
        _backend = backend;
        _repeat = repeat;
        _cancellationToken = cancellationToken;
    }

    public HeadTensors Tensors { get; }

    public TokenGrid Grid { get; }

    public DenseReference Dense => _dense ??= ComputeDense();

    /// <summary>
    /// Makes a method's plan and takes the time. An online method plans in every call of many, so its code is warm and the fastest of the
    /// session's repeats counts; an offline one plans once, cold.
    /// </summary>
    public (AttentionPlan Plan, TimeSpan Time) Plan(IAttentionMethod method, QuantizationRecipe? recipe)
    {
        PlanningContext context = new(Grid) { Recipe = recipe, Threads = _backends.Threads };
        AttentionPlan plan;
        TimeSpan best = TimeSpan.MaxValue;
        int left = method.IsOnline ? OnlineWarmUps + _repeat : 1;
        do
        {
            long start = Stopwatch.GetTimestamp();
            plan = method.Plan(Tensors.Inputs, context, _cancellationToken);
            TimeSpan time = Stopwatch.GetElapsedTime(start);
            best = time < best ? time : best;
        }
        while (--left > 0);
        return (plan, best);
    }

    /// <summary>Runs a plan and, when asked, compares it with dense float32.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="planTime">Time of making it.</param>
    /// <param name="plansPerCall">Whether the method plans in every call; its kernels then reuse the memory of those before.</param>
    /// <param name="compare">Whether to compare.</param>
    public AttentionMeasurement Run(AttentionPlan plan, TimeSpan planTime, bool plansPerCall, bool compare)
    {
        BackendChoice choice = _backends.Selector.Select(_backend, plan);
        WarmUp(choice.Backend, plan.Recipe);
        if (plansPerCall)
        {
            choice.Backend.Compile(plan).Dispose();
        }

        long start = Stopwatch.GetTimestamp();
        using IAttentionKernel kernel = choice.Backend.Compile(plan);
        TimeSpan compileTime = Stopwatch.GetElapsedTime(start);
        float[] output = new float[Tensors.Query.Length];
        (TimeSpan wall, AttentionStatistics statistics) = TimedRun.Fastest(kernel, Tensors, output, [], _repeat, _cancellationToken);
        return new AttentionMeasurement(plan, choice, planTime, compileTime, plansPerCall, wall, statistics, output)
        {
            Fidelity = compare ? Compare(plan, output) : null,
        };
    }

    /// <summary>
    /// Compares an output with dense float32. The plan runs once more in float32, which tells sparsity from number formats.
    /// </summary>
    public PlanFidelity Compare(AttentionPlan plan, float[] output)
    {
        AttentionError error = AttentionError.Compare(Dense.Output, output);
        if (plan.Mask is { Density: 1, Predicate: null })
        {
            // A full mask in float32 is dense attention, in whatever order: nothing more to run.
            return new PlanFidelity(error, default(AttentionError) with { Cosine = 1 }, 1, [.. Enumerable.Repeat(1.0, plan.Shape.Heads)]);
        }

        float[] exactOutput = new float[output.Length];
        float[] logSumExp = RunExact(plan, exactOutput);
        return new PlanFidelity(
            error,
            AttentionError.Compare(Dense.Output, exactOutput),
            Tessera.Fidelity.KeptMass.Mean(Dense.LogSumExp, logSumExp),
            Tessera.Fidelity.KeptMass.PerHead(Dense.LogSumExp, logSumExp, Tensors.Shape.Heads, Tensors.Shape.QueryLength));
    }

    /// <summary>Share of the dense softmax that a plan keeps, per head.</summary>
    public double[] KeptMass(AttentionPlan plan)
    {
        float[] logSumExp = RunExact(plan, new float[Tensors.Query.Length]);
        return Tessera.Fidelity.KeptMass.PerHead(Dense.LogSumExp, logSumExp, Tensors.Shape.Heads, Tensors.Shape.QueryLength);
    }

    private DenseReference ComputeDense()
    {
        WarmUp(_backends.Cpu, KnownRecipes.Float32);
        return DenseReference.Compute(Tensors, _backends.Cpu, _repeat, _cancellationToken);
    }

    // Kernels are compiled when they first run; a small problem in the same formats keeps that out of the times.
    private void WarmUp(IAttentionBackend backend, QuantizationRecipe recipe)
    {
        if (!_warm.Add((backend.Name, recipe)))
        {
            return;
        }

        AttentionShape shape = new(1, 1, WarmUpGrid.Tokens, WarmUpGrid.Tokens, Tensors.Shape.HeadDim);
        float[] zeros = new float[WarmUpGrid.Tokens * shape.HeadDim];
        HeadTensors tensors = new("warm-up", shape, 4, zeros, zeros, zeros);
        using IAttentionKernel kernel = backend.Compile(AttentionPlan.Dense(shape) with { Recipe = recipe, Grid = WarmUpGrid });
        TimedRun.Fastest(kernel, tensors, new float[zeros.Length], [], repeat: 2, _cancellationToken);
    }

    // In float32: quantised scores would leak into the log-sum-exp and make the kept mass differ from what the mask keeps.
    private float[] RunExact(AttentionPlan plan, float[] output)
    {
        using IAttentionKernel kernel = _backends.Cpu.Compile(plan with { Recipe = KnownRecipes.Float32, ProbabilitySkipThreshold = null });
        float[] logSumExp = new float[Dense.LogSumExp.Length];
        kernel.Run(Tensors.Inputs, Tensors.Like(output), logSumExp, _cancellationToken);
        return logSumExp;
    }
}
