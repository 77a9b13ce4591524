using System.Buffers;
using System.Runtime.CompilerServices;
using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;

namespace Tessera.Methods.Sparge;

/// <summary>
/// First stage: which key blocks each query block keeps. Batch entries share one mask, so their predictions are averaged and a block is fix
/// when it is fix in any of them. Block rows are independent; strips of them go to threads.
/// </summary>
internal sealed unsafe class SpargeBlockMap
{
    private readonly AttentionShape _shape;
    private readonly PooledBlocks _query;
    private readonly PooledBlocks _key;
    private readonly double _scale;
    private readonly SpargeOptions _options;
    private readonly ulong[] _heldKeys;
    private readonly ulong[] _fixKeys;
    private readonly ulong[] _selectiveKeys;
    private readonly int _words;

    public SpargeBlockMap(AttentionShape shape, PooledBlocks query, PooledBlocks key, double scale, SpargeOptions options)
    {
        _shape = shape;
        _query = query;
        _key = key;
        _scale = scale;
        _options = options;
        _words = CeilingDivision.Of(key.Count, 64);
        _heldKeys = new ulong[shape.Heads * _words];
        _fixKeys = new ulong[shape.Heads * _words];
        _selectiveKeys = new ulong[shape.Batch * shape.Heads * _words];
        for (int head = 0; head < shape.Heads; head++)
        {
            for (int column = 0; column < key.Count; column++)
            {
                int word = (head * _words) + (column >> 6);
                ulong bit = 1UL << (column & 63);
                _heldKeys[word] |= key.Tokens(head, column) > 0 ? bit : 0;
                for (int batch = 0; batch < shape.Batch; batch++)
                {
                    bool isFix = IsFix(key, (batch * shape.Heads) + head, column);
                    _fixKeys[word] |= isFix ? bit : 0;
                    _selectiveKeys[(batch * shape.Heads * _words) + word] |= !isFix && key.Tokens(head, column) > 0 ? bit : 0;
                }
            }
        }
    }

    /// <summary>Whether any block can be fix: similarities are never negative.</summary>
    public static bool Judges(SpargeOptions options) => options.SelfSimilarity >= 0;

    /// <summary>Marks the kept blocks of every head.</summary>
    public void Keep(BlockMaskBuilder builder, ParallelOptions options)
    {
        int strips = CeilingDivision.Of(_query.Count, PooledBlocks.StripBlocks);
        Parallel.For(0, _shape.Heads * strips, options, item =>
        {
            (int head, int strip) = Math.DivRem(item, strips);
            int first = strip * PooledBlocks.StripBlocks;
            KeepRows(builder, head, first, Math.Min(_query.Count, first + PooledBlocks.StripBlocks));
        });
    }

    // Compiled at once, like what it calls: plans are made too rarely for the runtime to find the loops hot.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void KeepRows(BlockMaskBuilder builder, int head, int first, int end)
    {
        int columns = _key.Count;
        float[] scores = ArrayPool<float>.Shared.Rent(_key.Stride);
        double[] prediction = ArrayPool<double>.Shared.Rent(columns);
        double[] scratch = ArrayPool<double>.Shared.Rent(columns);
        ulong[] kept = ArrayPool<ulong>.Shared.Rent(_words);
        bool ranksScores = _shape.Batch == 1 && _options.TopK is not null;
        for (int row = first; row < end; row++)
        {
            if (_query.Tokens(head, row) == 0)
            {
                continue;
            }

            Span<ulong> bits = kept.AsSpan(0, _words);
            ReadOnlySpan<ulong> held = _heldKeys.AsSpan(head * _words, _words);
            if (IsFixQuery(head, row))
            {
                builder.KeepBits(head, row, held);
                continue;
            }

            _fixKeys.AsSpan(head * _words, _words).CopyTo(bits);
            bits[0] |= _options.AttentionSink ? 1UL : 0;
            Predict(head, row, scores, prediction.AsSpan(0, columns), ranksScores);
            TopBlocks.Add(prediction.AsSpan(0, columns), Count(prediction.AsSpan(0, columns), scratch), scratch, bits);
            for (int word = 0; word < bits.Length; word++)
            {
                bits[word] &= held[word];
            }

            builder.KeepBits(head, row, bits);
        }

        ArrayPool<float>.Shared.Return(scores);
        ArrayPool<double>.Shared.Return(prediction);
        ArrayPool<double>.Shared.Return(scratch);
        ArrayPool<ulong>.Shared.Return(kept);
    }

    /// <summary>
    /// Softmax of the pooled scores over selective key blocks, summed over the batch; fix blocks and blocks of padding get none. Where only
    /// the ranking counts and there is one batch entry, the scores themselves, which rank alike.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Predict(int head, int row, float[] scores, Span<double> prediction, bool ranksScores)
    {
        prediction.Clear();
        for (int batch = 0; batch < _shape.Batch; batch++)
        {
            int pair = (batch * _shape.Heads) + head;
            Score(pair, row, scores);
            ReadOnlySpan<ulong> selective = Selective(pair);
            double largest = double.NegativeInfinity;
            for (int column = 0; column < prediction.Length; column++)
            {
                bool counts = (selective[column >> 6] >> (column & 63) & 1) != 0;
                double score = counts ? _scale * scores[column] : double.NegativeInfinity;
                largest = score > largest ? score : largest;
                prediction[column] = ranksScores ? score : prediction[column];
            }

            if (!ranksScores && !double.IsNegativeInfinity(largest))
            {
                AddSoftmax(selective, scores, largest, prediction);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Score(int pair, int row, float[] scores)
    {
        int channels = _shape.HeadDim;
        ReadOnlySpan<float> queries = _query.Means(pair);
        scores.AsSpan(0, _key.Stride).Clear();
        fixed (float* target = scores, keys = _key.Means(pair))
        {
            for (int d = 0; d < channels; d++)
            {
                RowArithmetic.AddScaled(keys + (d * _key.Stride), queries[(d * _query.Stride) + row], target, _key.Stride);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddSoftmax(ReadOnlySpan<ulong> selective, float[] scores, double largest, Span<double> prediction)
    {
        double sum = 0;
        for (int column = 0; column < prediction.Length; column++)
        {
            bool counts = (selective[column >> 6] >> (column & 63) & 1) != 0;
            sum += counts ? Math.Exp((_scale * scores[column]) - largest) : 0;
        }

        for (int column = 0; column < prediction.Length; column++)
        {
            bool counts = (selective[column >> 6] >> (column & 63) & 1) != 0;
            prediction[column] += counts ? Math.Exp((_scale * scores[column]) - largest) / sum : 0;
        }
    }

    private bool IsFix(PooledBlocks blocks, int pair, int block) =>
        Judges(_options) && blocks.Similarity(pair, block) <= _options.SelfSimilarity;

    private bool IsFixQuery(int head, int row)
    {
        bool isFix = false;
        for (int batch = 0; batch < _shape.Batch; batch++)
        {
            isFix |= IsFix(_query, (batch * _shape.Heads) + head, row);
        }

        return isFix;
    }

    private ReadOnlySpan<ulong> Selective(int pair) => _selectiveKeys.AsSpan(pair * _words, _words);

    /// <summary>How many blocks a row keeps.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Count(ReadOnlySpan<double> prediction, double[] scratch)
    {
        if (_options.TopK is { } share)
        {
            return Math.Max(1, (int)Math.Floor((share * prediction.Length) + 1e-9));
        }

        Span<double> ascending = scratch.AsSpan(0, prediction.Length);
        prediction.CopyTo(ascending);
        ascending.Sort();
        double total = 0;
        for (int i = ascending.Length - 1; i >= 0; i--)
        {
            total += ascending[i];
        }

        double running = 0;
        int kept = 0;
        while (kept < ascending.Length && running + ascending[^(kept + 1)] <= _options.CumulativeMass * total && ascending[^(kept + 1)] > 0)
        {
            running += ascending[^(kept + 1)];
            kept++;
        }

        return Math.Max(1, kept);
    }
}
