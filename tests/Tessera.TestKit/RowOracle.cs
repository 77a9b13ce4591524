using System.Numerics;
using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;

namespace Tessera.TestKit;

/// <summary>
/// Single rows of a plan's unquantised attention by the two-pass softmax, in any floating-point type: double is the truth for sizes that are
/// too large for a whole reference, float is the plain low-precision computation that error budgets are derived from.
/// </summary>
public static class RowOracle
{
    /// <summary>What <see cref="IAttentionMapReader.ReadRows"/> means: [1 + masks, rows, D].</summary>
    public static void Sample<T>(
        in AttentionInputs inputs, int batch, int head, double scale, ReadOnlySpan<int> queries, IReadOnlyList<KeyRun[]> masks, Span<T> destination)
        where T : IBinaryFloatingPointIeee754<T>
    {
        AttentionShape shape = inputs.Shape;
        T[] scores = new T[shape.KeyLength];
        destination.Clear();
        for (int row = 0; row < queries.Length; row++)
        {
            T maximum = T.NegativeInfinity;
            for (int key = 0; key < scores.Length; key++)
            {
                T dot = T.Zero;
                for (int d = 0; d < shape.HeadDim; d++)
                {
                    dot += T.CreateChecked(inputs.Query[batch, head, queries[row], d]) * T.CreateChecked(inputs.Key[batch, head, key, d]);
                }

                scores[key] = T.CreateChecked(scale) * dot;
                maximum = T.Max(maximum, scores[key]);
            }

            for (int index = 0; index <= masks.Count; index++)
            {
                Span<T> output = destination.Slice(((index * queries.Length) + row) * shape.HeadDim, shape.HeadDim);
                T sum = T.Zero;
                for (int key = 0; key < scores.Length; key++)
                {
                    if (index > 0 && (masks[index - 1].Last(run => run.Start <= key).Rows >> row & 1) == 0)
                    {
                        continue;
                    }

                    T weight = T.Exp(scores[key] - maximum);
                    sum += weight;
                    for (int d = 0; d < output.Length; d++)
                    {
                        output[d] += weight * T.CreateChecked(inputs.Value[batch, head, key, d]);
                    }
                }

                for (int d = 0; d < output.Length && sum > T.Zero; d++)
                {
                    output[d] /= sum;
                }
            }
        }
    }

    /// <summary>One output row.</summary>
    /// <param name="plan">Mask, orders and functors; its recipe is ignored.</param>
    /// <param name="inputs">Q, K, V in natural token order.</param>
    /// <param name="batch">Batch index.</param>
    /// <param name="head">Head index.</param>
    /// <param name="query">Natural query token.</param>
    /// <param name="output">HeadDim values.</param>
    /// <returns>Natural log-sum-exp of the row.</returns>
    public static T Row<T>(AttentionPlan plan, in AttentionInputs inputs, int batch, int head, int query, Span<T> output)
        where T : IBinaryFloatingPointIeee754<T>
    {
        AttentionShape shape = plan.Shape;
        TokenOrder? order = plan.OrderOf(head);
        int queryBlock = (order?.SlotOf(query) ?? query) / plan.Mask.Size.Query;
        T scale = T.CreateChecked(plan.EffectiveScale);
        T[] scores = new T[shape.KeyLength];
        T maximum = T.NegativeInfinity;
        for (int key = 0; key < scores.Length; key++)
        {
            TokenPair pair = new(batch, head, query, key);
            BlockCoverage coverage = plan.Mask.Coverage(head, queryBlock, (order?.SlotOf(key) ?? key) / plan.Mask.Size.Key);
            bool visible = coverage == BlockCoverage.Full || (coverage == BlockCoverage.Partial && plan.Mask.Predicate!.Allows(pair));
            scores[key] = visible ? Score(plan, inputs, pair, scale) : T.NegativeInfinity;
            maximum = T.Max(maximum, scores[key]);
        }

        output.Clear();
        if (T.IsNegativeInfinity(maximum))
        {
            return maximum;
        }

        T sum = T.Zero;
        for (int key = 0; key < scores.Length; key++)
        {
            T weight = T.Exp(scores[key] - maximum);
            sum += weight;
            for (int d = 0; d < output.Length && !T.IsNegativeInfinity(scores[key]); d++)
            {
                output[d] += weight * T.CreateChecked(inputs.Value[batch, head, key, d]);
            }
        }

        for (int d = 0; d < output.Length; d++)
        {
            output[d] /= sum;
        }

        return maximum + T.Log(sum);
    }

    /// <summary>All rows, [B, H, Lq, D] in natural token order.</summary>
    public static T[] All<T>(AttentionPlan plan, in AttentionInputs inputs)
        where T : IBinaryFloatingPointIeee754<T>
    {
        AttentionShape shape = plan.Shape;
        T[] output = new T[shape.Batch * shape.Heads * shape.QueryLength * shape.HeadDim];
        int row = 0;
        for (int batch = 0; batch < shape.Batch; batch++)
        {
            for (int head = 0; head < shape.Heads; head++)
            {
                for (int query = 0; query < shape.QueryLength; query++, row++)
                {
                    _ = Row(plan, inputs, batch, head, query, output.AsSpan(row * shape.HeadDim, shape.HeadDim));
                }
            }
        }

        return output;
    }

    private static T Score<T>(AttentionPlan plan, in AttentionInputs inputs, TokenPair pair, T scale)
        where T : IBinaryFloatingPointIeee754<T>
    {
        T dot = T.Zero;
        for (int d = 0; d < plan.Shape.HeadDim; d++)
        {
            dot += T.CreateChecked(inputs.Query[pair.Batch, pair.Head, pair.Query, d]) * T.CreateChecked(inputs.Key[pair.Batch, pair.Head, pair.Key, d]);
        }

        T score = scale * dot;
        return plan.ScoreModifier is { } modifier ? T.CreateChecked(modifier.Apply(float.CreateChecked(score), pair)) : score;
    }
}
