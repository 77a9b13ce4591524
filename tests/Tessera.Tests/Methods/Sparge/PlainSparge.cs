using Tessera.Layout;
using Tessera.Masks;
using Tessera.Methods.Sparge;
using Tessera.Synthesis;

namespace Tessera.Tests.Methods.Sparge;

/// <summary>SpargeAttention's first stage as the paper words it, in double and with a full Gram matrix: the oracle of the fast one.</summary>
internal static class PlainSparge
{
    public static bool[,] BlockMap(StructuredHeads heads, int head, TokenOrder? order, BlockSize size, SpargeOptions options, out int fixBlocks)
    {
        int dim = heads.Shape.HeadDim;
        List<double[]>[] queries = Blocks(heads, heads.Query, head, order, size.Query, smooth: false);
        List<double[]>[] keys = Blocks(heads, heads.Key, head, order, size.Key, options.SmoothKey);
        bool[] fixQuery = [.. queries.Select(block => GramMean(block) <= options.SelfSimilarity)];
        bool[] fixKey = [.. keys.Select(block => GramMean(block) <= options.SelfSimilarity)];
        fixBlocks = fixQuery.Count(static fix => fix) + fixKey.Where((fix, column) => fix && keys[column].Count > 0).Count();
        bool[,] kept = new bool[queries.Length, keys.Length];
        for (int row = 0; row < queries.Length; row++)
        {
            double[] scores = [.. keys.Select((block, column) => fixKey[column] || block.Count == 0 ? double.NegativeInfinity : Dot(Mean(queries[row]), Mean(block)) / Math.Sqrt(dim))];
            double largest = scores.Max();
            double[] exponentials = [.. scores.Select(score => double.IsNegativeInfinity(largest) ? 0 : Math.Exp(score - largest))];
            double[] prediction = [.. exponentials.Select(value => value / exponentials.Sum())];
            int[] ranking = [.. Enumerable.Range(0, keys.Length).OrderByDescending(column => prediction[column])];
            int count = options.TopK is { } share
                ? Math.Max(1, (int)Math.Floor(share * keys.Length))
                : Math.Max(1, Enumerable.Range(1, keys.Length).Count(length => ranking.Take(length).Sum(column => prediction[column]) <= options.CumulativeMass));
            for (int column = 0; column < keys.Length; column++)
            {
                kept[row, column] = keys[column].Count > 0 && (fixQuery[row] || fixKey[column] || ranking.Take(count).Contains(column) || (options.AttentionSink && column == 0));
            }
        }

        return kept;
    }

    private static List<double[]>[] Blocks(StructuredHeads heads, float[] data, int head, TokenOrder? order, int block, bool smooth)
    {
        int tokens = heads.Grid.Tokens;
        int dim = heads.Shape.HeadDim;
        double[][] rows = [.. Enumerable.Range(0, tokens).Select(token => data.AsSpan(((head * tokens) + token) * dim, dim).ToArray().Select(static x => (double)x).ToArray())];
        double[] mean = Mean([.. rows]);
        int slots = order?.Slots ?? tokens;
        List<double[]>[] blocks = [.. Enumerable.Range(0, (slots + block - 1) / block).Select(static _ => new List<double[]>())];
        for (int slot = 0; slot < slots; slot++)
        {
            int token = order?.TokenAt(slot) ?? slot;
            if (token >= 0)
            {
                blocks[slot / block].Add(smooth ? [.. rows[token].Zip(mean, static (x, m) => x - m)] : rows[token]);
            }
        }

        return blocks;
    }

    private static double[] Mean(List<double[]> rows) => [.. Enumerable.Range(0, rows[0].Length).Select(d => rows.Average(row => row[d]))];

    private static double Dot(double[] a, double[] b) => a.Zip(b, static (x, y) => x * y).Sum();

    private static double GramMean(List<double[]> rows)
    {
        double sum = 0;
        foreach (double[] a in rows)
        {
            foreach (double[] b in rows)
            {
                double norms = Math.Sqrt(Dot(a, a) * Dot(b, b));
                sum += norms > 0 ? Dot(a, b) / norms : 0;
            }
        }

        return sum / Math.Max(1.0, (double)rows.Count * rows.Count);
    }
}
