using Tessera.Attention;

namespace Tessera.Backends.Reference;

/// <summary>
/// The meaning of a plan, in double precision. Per (batch, head): operands are ordered, smoothed and quantised as the recipe says
/// (<see cref="ReferenceOperands"/>); per query block, key blocks are visited in ascending order with an online softmax:
/// <c>m' = max(m, max S)</c>, <c>p = exp(S - m')</c>, <c>l = exp(m - m') l + sum p</c>, <c>o = exp(m - m') o + p V</c>; at the end
/// <c>O = o / l</c> and <c>LSE = m + ln l</c>.
/// </summary>
public static class ReferenceAttention
{
    /// <summary>Computes a plan.</summary>
    /// <param name="plan">A plan that fits the inputs.</param>
    /// <param name="inputs">Q, K, V in natural token order.</param>
    /// <param name="cancellationToken">Polled between query blocks.</param>
    /// <exception cref="PlanMismatchException">The plan's parts do not fit together.</exception>
    public static ReferenceResult Compute(AttentionPlan plan, in AttentionInputs inputs, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        plan.Validate();
        AttentionShape shape = plan.Shape;
        double[] output = new double[(long)shape.Batch * shape.Heads * shape.QueryLength * shape.HeadDim];
        double[] logSumExp = new double[(long)shape.Batch * shape.Heads * shape.QueryLength];
        long skipped = 0;
        ParallelOptions parallel = new() { CancellationToken = cancellationToken };
        for (int batch = 0; batch < shape.Batch; batch++)
        {
            for (int head = 0; head < shape.Heads; head++)
            {
                ReferenceOperands operands = new(plan, inputs, batch, head);
                int batchIndex = batch;
                int headIndex = head;
                Parallel.For(0, plan.Mask.QueryBlocks, parallel, queryBlock =>
                {
                    ReferenceTileRow row = new(plan, operands, batchIndex, headIndex, queryBlock);
                    row.Run(output, logSumExp);
                    Interlocked.Add(ref skipped, row.ProbabilityTilesSkipped);
                });
            }
        }

        return new ReferenceResult(output, logSumExp, skipped);
    }

    /// <summary>Dense, unquantised attention of the inputs: the truth that every method is measured against.</summary>
    /// <param name="inputs">Q, K, V in natural token order.</param>
    /// <param name="scale">Softmax scale; null means 1 / sqrt(HeadDim).</param>
    /// <param name="cancellationToken">Polled between query blocks.</param>
    public static ReferenceResult Dense(in AttentionInputs inputs, double? scale = null, CancellationToken cancellationToken = default) =>
        Compute(AttentionPlan.Dense(inputs.Shape) with { Scale = scale }, inputs, cancellationToken);
}
