using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;

namespace Tessera.Methods.Sparge;

/// <summary>
/// First stage for one head: which key blocks each query block keeps. Batch entries share one mask, so their predictions are averaged and a
/// block is fix when it is fix in any of them.
/// </summary>
internal sealed class SpargeBlockMap
{
    private readonly SpargeOptions _options;
    private readonly double[] _prediction;
    private readonly bool[] _fixedQuery;
    private readonly bool[] _fixedKey;
    private readonly int[] _queryTokens;
    private readonly int[] _keyTokens;

    public SpargeBlockMap(in AttentionInputs inputs, int head, TokenOrder? order, BlockSize size, double scale, SpargeOptions options)
    {
        _options = options;
        AttentionShape shape = inputs.Shape;
        int queryBlocks = CeilingDivision.Of(order?.Slots ?? shape.QueryLength, size.Query);
        int keyBlocks = CeilingDivision.Of(order?.Slots ?? shape.KeyLength, size.Key);
        _prediction = new double[queryBlocks * keyBlocks];
        _fixedQuery = new bool[queryBlocks];
        _fixedKey = new bool[keyBlocks];
        _queryTokens = new int[queryBlocks];
        _keyTokens = new int[keyBlocks];
        for (int batch = 0; batch < shape.Batch; batch++)
        {
            PooledBlocks query = PooledBlocks.Of(inputs.Query, batch, head, order, size.Query, smooth: false);
            PooledBlocks key = PooledBlocks.Of(inputs.Key, batch, head, order, size.Key, options.SmoothKey);
            bool[] fixedKey = Judge(query, key);
            for (int row = 0; row < queryBlocks; row++)
            {
                Predict(query.Mean(row), key, fixedKey, scale, _prediction.AsSpan(row * keyBlocks, keyBlocks));
            }
        }
    }

    /// <summary>Marks the kept blocks of the head.</summary>
    public void Keep(BlockMaskBuilder builder, int head)
    {
        int keyBlocks = _fixedKey.Length;
        int[] ranking = new int[keyBlocks];
        for (int row = 0; row < _fixedQuery.Length; row++)
        {
            if (_queryTokens[row] == 0)
            {
                continue;
            }

            ReadOnlySpan<double> prediction = _prediction.AsSpan(row * keyBlocks, keyBlocks);
            int kept = _fixedQuery[row] ? keyBlocks : Rank(prediction, ranking);
            for (int column = 0; column < keyBlocks; column++)
            {
                bool whole = _fixedQuery[row] || _fixedKey[column] || (_options.AttentionSink && column == 0);
                if (whole && _keyTokens[column] > 0)
                {
                    builder.Keep(head, row, column);
                }
            }

            for (int place = 0; !_fixedQuery[row] && place < kept; place++)
            {
                if (_keyTokens[ranking[place]] > 0)
                {
                    builder.Keep(head, row, ranking[place]);
                }
            }
        }
    }

    private bool[] Judge(PooledBlocks query, PooledBlocks key)
    {
        for (int row = 0; row < query.Count; row++)
        {
            _queryTokens[row] = query.Tokens(row);
            _fixedQuery[row] |= query.Similarity(row) <= _options.SelfSimilarity;
        }

        bool[] fixedKey = new bool[key.Count];
        for (int column = 0; column < key.Count; column++)
        {
            _keyTokens[column] = key.Tokens(column);
            fixedKey[column] = key.Similarity(column) <= _options.SelfSimilarity;
            _fixedKey[column] |= fixedKey[column];
        }

        return fixedKey;
    }

    /// <summary>Adds the softmax of pooled scores over selective key blocks; fix blocks and blocks of padding get none.</summary>
    private static void Predict(ReadOnlySpan<float> query, PooledBlocks key, bool[] fixedKey, double scale, Span<double> prediction)
    {
        Span<double> scores = key.Count <= 1024 ? stackalloc double[key.Count] : new double[key.Count];
        double largest = double.NegativeInfinity;
        for (int column = 0; column < scores.Length; column++)
        {
            bool selective = !fixedKey[column] && key.Tokens(column) > 0;
            scores[column] = selective ? scale * TensorPrimitives.Dot(query, key.Mean(column)) : double.NegativeInfinity;
            largest = Math.Max(largest, scores[column]);
        }

        if (double.IsNegativeInfinity(largest))
        {
            return;
        }

        double sum = 0;
        for (int column = 0; column < scores.Length; column++)
        {
            scores[column] = Math.Exp(scores[column] - largest);
            sum += scores[column];
        }

        for (int column = 0; column < scores.Length; column++)
        {
            prediction[column] += scores[column] / sum;
        }
    }

    /// <summary>Columns by falling prediction, the lower index first among equals, and how many of them to keep.</summary>
    private int Rank(ReadOnlySpan<double> prediction, int[] ranking)
    {
        double[] keys = new double[prediction.Length];
        for (int column = 0; column < ranking.Length; column++)
        {
            ranking[column] = column;
            keys[column] = -prediction[column];
        }

        Array.Sort(keys, ranking);
        OrderTies(keys, ranking);
        if (_options.TopK is { } share)
        {
            return Math.Max(1, (int)Math.Floor((share * ranking.Length) + 1e-9));
        }

        double total = -keys.Sum();
        double running = 0;
        int kept = 0;
        while (kept < keys.Length && running - keys[kept] <= _options.CumulativeMass * total && keys[kept] < 0)
        {
            running -= keys[kept];
            kept++;
        }

        return Math.Max(1, kept);
    }

    /// <summary>Array.Sort is not stable; runs of equal keys are put in ascending order of index.</summary>
    private static void OrderTies(double[] keys, int[] ranking)
    {
        for (int start = 0; start < keys.Length;)
        {
            int end = start + 1;
            while (end < keys.Length && keys[end] == keys[start])
            {
                end++;
            }

            if (end - start > 1)
            {
                Array.Sort(ranking, start, end - start);
            }

            start = end;
        }
    }
}
