using System.Numerics.Tensors;
using Tessera.Layout;
using Tessera.Media.Heads;

namespace Tessera.Media.Tests.Heads;

/// <summary>Softmax mass per block in several token orders, by plain loops.</summary>
internal static class BlockMass
{
    /// <summary>For each order: share of one head's mass that the heaviest blocks hold at a density.</summary>
    public static double[] KeptByBestBlocks(ClipHeads heads, int head, TokenOrder[] orders, int block, double density)
    {
        int tokens = heads.Grid.Tokens;
        int dim = heads.Shape.HeadDim;
        int blocks = (tokens + block - 1) / block;
        ReadOnlySpan<float> keys = heads.Key.AsSpan(head * tokens * dim, tokens * dim);
        double[][] mass = [.. orders.Select(_ => new double[blocks * blocks])];
        float[] row = new float[tokens];
        for (int i = 0; i < tokens; i++)
        {
            ReadOnlySpan<float> query = heads.Query.AsSpan(((head * tokens) + i) * dim, dim);
            for (int j = 0; j < tokens; j++)
            {
                row[j] = TensorPrimitives.Dot(query, keys.Slice(j * dim, dim)) / MathF.Sqrt(dim);
            }

            TensorPrimitives.Subtract(row, TensorPrimitives.Max<float>(row), row);
            TensorPrimitives.Exp<float>(row, row);
            TensorPrimitives.Divide(row, TensorPrimitives.Sum<float>(row), row);
            for (int order = 0; order < orders.Length; order++)
            {
                double[] target = mass[order];
                ReadOnlySpan<int> slots = orders[order].SlotOfToken;
                int first = slots[i] / block * blocks;
                for (int j = 0; j < tokens; j++)
                {
                    target[first + (slots[j] / block)] += row[j];
                }
            }
        }

        int kept = (int)(density * blocks * blocks);
        return [.. mass.Select(map => map.OrderDescending().Take(kept).Sum() / tokens)];
    }
}
