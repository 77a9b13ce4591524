using System.Diagnostics;
using System.Numerics.Tensors;
using Tessera.Attention;

namespace Tessera.Backends.Cpu.Costs;

/// <summary>One real plan that is run against the clock to find constants.</summary>
internal sealed class ProbeRun : IDisposable
{
    private readonly IAttentionKernel _kernel;
    private readonly float[] _inputs;
    private readonly float[] _output;

    /// <summary>Compiles a plan.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="options">The machine.</param>
    /// <param name="inputs">Numbers for Q, K and V; each starts at another place of the same array.</param>
    /// <param name="output">Room for the output.</param>
    public ProbeRun(AttentionPlan plan, CpuOptions options, float[] inputs, float[] output)
    {
        Work = new PlanWork(plan, options, CacheSizes.OfThisMachine);
        _kernel = new CpuBackend(options).Compile(plan);
        _inputs = inputs;
        _output = output;
    }

    /// <summary>The plan.</summary>
    public AttentionPlan Plan => _kernel.Plan;

    /// <summary>What the plan does.</summary>
    public PlanWork Work { get; }

    /// <summary>Wall seconds before the attention passes: the median of the quietest group of runs.</summary>
    public double PackSeconds { get; private set; } = double.MaxValue;

    /// <summary>Wall seconds of the attention passes: the median of the quietest group of runs.</summary>
    public double AttendSeconds { get; private set; } = double.MaxValue;

    /// <summary>Floats that Q, K and V of a shape take side by side.</summary>
    public static long InputFloats(AttentionShape shape) =>
        (long)shape.Batch * shape.Heads * (shape.QueryLength + (2L * shape.KeyLength)) * shape.HeadDim;

    /// <summary>Floats of the output.</summary>
    public static long OutputFloats(AttentionShape shape) => (long)shape.Batch * shape.Heads * shape.QueryLength * shape.HeadDim;

    /// <summary>Runs several times in a row, after once to bring the caches to where they are in such a row.</summary>
    /// <param name="runs">Timed runs.</param>
    public void RunGroup(int runs)
    {
        double[] pack = new double[runs];
        double[] attend = new double[runs];
        _ = RunOnce();
        for (int i = 0; i < runs; i++)
        {
            (pack[i], attend[i]) = RunOnce();
        }

        Array.Sort(pack);
        Array.Sort(attend);
        PackSeconds = Math.Min(PackSeconds, pack[runs / 2]);
        AttendSeconds = Math.Min(AttendSeconds, attend[runs / 2]);
    }

    /// <summary>Forgets the groups so far.</summary>
    public void Forget() => PackSeconds = AttendSeconds = double.MaxValue;

    public void Dispose() => _kernel.Dispose();

    private (double Pack, double Attend) RunOnce()
    {
        AttentionShape shape = _kernel.Plan.Shape;
        int queries = (int)OutputFloats(shape);
        int keys = shape.Batch * shape.Heads * shape.KeyLength * shape.HeadDim;
        AttentionInputs inputs = new(shape, _inputs, _inputs.AsSpan(queries), _inputs.AsSpan(queries + keys));
        TensorSpan<float> output = new(_output.AsSpan(0, queries), [shape.Batch, shape.Heads, shape.QueryLength, shape.HeadDim]);
        long start = Stopwatch.GetTimestamp();
        double attend = _kernel.Run(inputs, output).Stages.Attend.TotalSeconds;

        // What no stage claims (pinning, clearing counters) goes to packing, so that both add up to the wall time.
        return (Stopwatch.GetElapsedTime(start).TotalSeconds - attend, attend);
    }
}
