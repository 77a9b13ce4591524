using System.Diagnostics;
using System.Numerics.Tensors;
using Tessera.Attention;

namespace Tessera.Backends.Reference;

/// <summary>Runs a plan through <see cref="ReferenceAttention"/> and rounds the result to binary32.</summary>
internal sealed class ReferenceKernel(AttentionPlan plan) : IAttentionKernel
{
    public AttentionPlan Plan { get; } = plan;

    public AttentionStatistics Run(
        in AttentionInputs inputs, TensorSpan<float> output, Span<float> logSumExp = default, CancellationToken cancellationToken = default)
    {
        AttentionShape shape = Plan.Shape;
        Plan.RequireFits(inputs, output, logSumExp);
        long start = Stopwatch.GetTimestamp();
        ReferenceResult result = ReferenceAttention.Compute(Plan, inputs, cancellationToken);
        int row = 0;
        for (int batch = 0; batch < shape.Batch; batch++)
        {
            for (int head = 0; head < shape.Heads; head++)
            {
                for (int query = 0; query < shape.QueryLength; query++, row++)
                {
                    for (int channel = 0; channel < shape.HeadDim; channel++)
                    {
                        output[batch, head, query, channel] = (float)result.Output[(row * (long)shape.HeadDim) + channel];
                    }

                    if (!logSumExp.IsEmpty)
                    {
                        logSumExp[row] = (float)result.LogSumExp[row];
                    }
                }
            }
        }

        long perHead = Plan.Mask.KeptBlocks * (shape.Heads / Plan.Mask.MaskHeads);
        long total = (long)shape.Heads * Plan.Mask.QueryBlocks * Plan.Mask.KeyBlocks;
        return new AttentionStatistics(
            shape.Batch * perHead, shape.Batch * total, result.ProbabilityTilesSkipped,
            new StageTimes(TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, Stopwatch.GetElapsedTime(start)));
    }

    public void Dispose()
    {
    }
}
