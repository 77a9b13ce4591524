using System.Diagnostics;
using Tessera.Attention;
using Tessera.Cli.Inputs;

namespace Tessera.Cli.Benchmarking;

/// <summary>One compiled plan with the times of its rounds.</summary>
internal sealed class BenchmarkCase : IDisposable
{
    private readonly IAttentionKernel _kernel;
    private readonly List<double> _wall = [];
    private readonly List<double> _processor = [];
    private readonly List<StageTimes> _stages = [];

    public BenchmarkCase(string format, double density, AttentionPlan plan, IAttentionBackend backend)
    {
        Format = format;
        RequestedDensity = density;
        Plan = plan;
        long start = Stopwatch.GetTimestamp();
        _kernel = backend.Compile(plan);
        CompileTime = Stopwatch.GetElapsedTime(start);
        ComputedOperations = CountOperations(plan);
    }

    /// <summary>Format as asked for.</summary>
    public string Format { get; }

    public double RequestedDensity { get; }

    public AttentionPlan Plan { get; }

    /// <summary>Time of compiling the plan, memory included.</summary>
    public TimeSpan CompileTime { get; }

    /// <summary>Operations of the blocks computed, 4 D a pair, border blocks counted at their true size.</summary>
    public double ComputedOperations { get; }

    public double MedianSeconds => Median(_wall);

    public double MedianProcessorSeconds => Median(_processor);

    public StageTimes MedianStages => new(
        MedianOf(static stages => stages.Plan), MedianOf(static stages => stages.Permute), MedianOf(static stages => stages.Quantize),
        MedianOf(static stages => stages.Attend));

    /// <summary>Runs once without recording: code is compiled, memory touched.</summary>
    public void WarmUp(HeadTensors tensors, float[] output, CancellationToken cancellationToken) =>
        _kernel.Run(tensors.Inputs, tensors.Like(output), default, cancellationToken);

    /// <summary>Runs once and records wall time, processor time of the process and stages.</summary>
    public void Record(HeadTensors tensors, float[] output, CancellationToken cancellationToken)
    {
        TimeSpan processor = ProcessorTime.Total;
        long start = Stopwatch.GetTimestamp();
        AttentionStatistics statistics = _kernel.Run(tensors.Inputs, tensors.Like(output), default, cancellationToken);
        _wall.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        _processor.Add((ProcessorTime.Total - processor).TotalSeconds);
        _stages.Add(statistics.Stages);
    }

    public void Dispose() => _kernel.Dispose();

    private static double CountOperations(AttentionPlan plan)
    {
        AttentionShape shape = plan.Shape;
        double pairs = 0;
        for (int head = 0; head < plan.Mask.MaskHeads; head++)
        {
            for (int row = 0; row < plan.Mask.QueryBlocks; row++)
            {
                int queries = Math.Min(plan.Mask.Size.Query, plan.Mask.QuerySlots - (row * plan.Mask.Size.Query));
                foreach (int keyBlock in plan.Mask.FullKeyBlocks(head, row))
                {
                    pairs += (double)queries * Math.Min(plan.Mask.Size.Key, plan.Mask.KeySlots - (keyBlock * plan.Mask.Size.Key));
                }
            }
        }

        return 4.0 * shape.Batch * shape.HeadDim * pairs * shape.Heads / plan.Mask.MaskHeads;
    }

    private static double Median(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    private TimeSpan MedianOf(Func<StageTimes, TimeSpan> stage) =>
        TimeSpan.FromSeconds(Median([.. _stages.Select(times => stage(times).TotalSeconds)]));
}
