using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;

namespace Tessera.Tests.Methods.Paro;

/// <summary>The whole softmax map of one small head in double, and what follows from it by definition: the oracle of streamed calibration.</summary>
internal sealed class FullMap
{
    private readonly double[,] _probability;

    public FullMap(AttentionInputs inputs, int batch, int head)
    {
        AttentionShape shape = inputs.Shape;
        _probability = new double[shape.QueryLength, shape.KeyLength];
        for (int i = 0; i < shape.QueryLength; i++)
        {
            double[] scores = new double[shape.KeyLength];
            for (int j = 0; j < scores.Length; j++)
            {
                for (int d = 0; d < shape.HeadDim; d++)
                {
                    scores[j] += (double)inputs.Query[batch, head, i, d] * inputs.Key[batch, head, j, d] / Math.Sqrt(shape.HeadDim);
                }
            }

            double largest = scores.Max();
            double sum = scores.Sum(score => Math.Exp(score - largest));
            for (int j = 0; j < scores.Length; j++)
            {
                _probability[i, j] = Math.Exp(scores[j] - largest) / sum;
            }
        }
    }

    public int Tokens => _probability.GetLength(0);

    public double this[int query, int key] => _probability[query, key];

    /// <summary>Mass of each block under an order, row-major.</summary>
    public double[] BlockSums(TokenOrder order, BlockSize size)
    {
        int columns = (order.Slots + size.Key - 1) / size.Key;
        double[] sums = new double[(order.Slots + size.Query - 1) / size.Query * columns];
        for (int i = 0; i < order.Slots; i++)
        {
            for (int j = 0; j < order.Slots; j++)
            {
                if (order.TokenAt(i) >= 0 && order.TokenAt(j) >= 0)
                {
                    sums[(i / size.Query * columns) + (j / size.Key)] += _probability[order.TokenAt(i), order.TokenAt(j)];
                }
            }
        }

        return sums;
    }

    /// <summary>Mass of the blocks that a mask keeps, per natural query token.</summary>
    public double[] KeptPerRow(TokenOrder order, BlockMask mask, int head)
    {
        double[] kept = new double[Tokens];
        for (int i = 0; i < Tokens; i++)
        {
            for (int j = 0; j < Tokens; j++)
            {
                bool visible = mask.Coverage(head, order.SlotOf(i) / mask.Size.Query, order.SlotOf(j) / mask.Size.Key) == BlockCoverage.Full;
                kept[i] += visible ? _probability[i, j] : 0;
            }
        }

        return kept;
    }
}
