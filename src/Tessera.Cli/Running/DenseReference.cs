using Tessera.Attention;
using Tessera.Cli.Inputs;

namespace Tessera.Cli.Running;

/// <summary>Dense float32 attention over the same inputs: what every figure compares with.</summary>
/// <param name="Output">[B, H, L, D] in natural order.</param>
/// <param name="LogSumExp">[B, H, L].</param>
/// <param name="Wall">Wall time of the run.</param>
/// <param name="Statistics">Blocks and stages of the run.</param>
internal sealed record DenseReference(float[] Output, float[] LogSumExp, TimeSpan Wall, AttentionStatistics Statistics)
{
    /// <summary>Runs dense attention on a backend; of several runs the fastest time counts.</summary>
    public static DenseReference Compute(HeadTensors tensors, IAttentionBackend backend, int repeat, CancellationToken cancellationToken)
    {
        AttentionShape shape = tensors.Shape;
        using IAttentionKernel kernel = backend.Compile(AttentionPlan.Dense(shape));
        float[] output = new float[tensors.Query.Length];
        float[] logSumExp = new float[shape.Batch * shape.Heads * shape.QueryLength];
        (TimeSpan wall, AttentionStatistics statistics) = TimedRun.Fastest(kernel, tensors, output, logSumExp, repeat, cancellationToken);
        return new DenseReference(output, logSumExp, wall, statistics);
    }
}
