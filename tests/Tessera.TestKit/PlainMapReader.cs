using Tessera.Attention;
using Tessera.Layout;

namespace Tessera.TestKit;

/// <summary>The meaning of <see cref="IAttentionMapReader"/> in double precision with plain loops: the oracle of fast readers and of calibration.</summary>
public sealed class PlainMapReader : IAttentionMapReader
{
    public void ReadLogSumExp(in AttentionInputs inputs, int batch, int head, double scale, Span<float> logSumExp, CancellationToken cancellationToken = default)
    {
        for (int query = 0; query < inputs.Shape.QueryLength; query++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            double[] scores = Scores(inputs, batch, head, query, scale);
            double largest = scores.Max();
            logSumExp[query] = (float)(largest + Math.Log(scores.Sum(score => Math.Exp(score - largest))));
        }
    }

    public void ReadBlocks(
        in AttentionInputs inputs, int batch, int head, TokenOrder? order, double scale, ReadOnlySpan<float> logSumExp, float epsilon,
        ReadOnlySpan<int> queryBlocks, BlockMapStatistics destination, CancellationToken cancellationToken = default)
    {
        int querySlots = order?.Slots ?? inputs.Shape.QueryLength;
        int keySlots = order?.Slots ?? inputs.Shape.KeyLength;
        double[] sums = new double[destination.Sum.Length];
        for (int querySlot = 0; querySlot < querySlots; querySlot++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int row = querySlot / destination.Size.Query;
            int query = order?.TokenAt(querySlot) ?? querySlot;
            if (query < 0 || (queryBlocks.Length > 0 && !queryBlocks.Contains(row)))
            {
                continue;
            }

            double[] scores = Scores(inputs, batch, head, query, scale);
            for (int keySlot = 0; keySlot < keySlots; keySlot++)
            {
                int key = order?.TokenAt(keySlot) ?? keySlot;
                if (key >= 0)
                {
                    int block = (row * destination.KeyBlocks) + (keySlot / destination.Size.Key);
                    double probability = Math.Exp(scores[key] - logSumExp[query]);
                    sums[block] += probability;
                    destination.Maximum[block] = Math.Max(destination.Maximum[block], (float)probability);
                    destination.CountBelow[block] += (float)probability < epsilon ? 1 : 0;
                }
            }
        }

        for (int block = 0; block < sums.Length; block++)
        {
            destination.Sum[block] = (float)sums[block];
        }
    }

    public void ReadRows(
        in AttentionInputs inputs, int batch, int head, double scale, ReadOnlySpan<int> queries, IReadOnlyList<KeyRun[]> masks,
        Span<float> destination, CancellationToken cancellationToken = default)
    {
        double[] rows = new double[destination.Length];
        RowOracle.Sample(inputs, batch, head, scale, queries, masks, rows);
        for (int i = 0; i < rows.Length; i++)
        {
            destination[i] = (float)rows[i];
        }
    }

    private static double[] Scores(in AttentionInputs inputs, int batch, int head, int query, double scale)
    {
        float[] row = Channels(inputs.Query, batch, head, query);
        double[] scores = new double[inputs.Shape.KeyLength];
        for (int key = 0; key < scores.Length; key++)
        {
            float[] other = Channels(inputs.Key, batch, head, key);
            double sum = 0;
            for (int d = 0; d < row.Length; d++)
            {
                sum += (double)row[d] * other[d];
            }

            scores[key] = scale * sum;
        }

        return scores;
    }

    private static float[] Channels(InputTensor tensor, int batch, int head, int token)
    {
        float[] row = new float[tensor.Channels];
        tensor.CopyRow(batch, head, token, row);
        return row;
    }
}
