using System.Buffers;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Attention;

namespace Tessera.Methods;

/// <summary>
/// Dense attention of a few query rows, split by classes of keys: per row and class the softmax mass and the weighted sum of values. The
/// output under any mask that is a union of classes follows without touching the keys again, which is what profiling masks needs.
/// </summary>
/// <remarks>
/// Cost: 4 R N D operations per head for R rows and N keys, R / N of dense attention. Keys are walked in chunks that stay in cache for all
/// rows; heads run in parallel. Scores are binary32 dot products, sums of mass are double.
/// </remarks>
internal sealed unsafe class SampledAttention
{
    private const int KeyChunk = 128;

    private readonly double[] _mass;
    private readonly float[] _sums;

    private SampledAttention(int rows, int classes, int headDim)
    {
        Rows = rows;
        Classes = classes;
        HeadDim = headDim;
        _mass = new double[rows * classes];
        _sums = new float[rows * classes * headDim];
    }

    /// <summary>Sampled rows.</summary>
    public int Rows { get; }

    /// <summary>Key classes.</summary>
    public int Classes { get; }

    /// <summary>Channels.</summary>
    public int HeadDim { get; }

    /// <summary>
    /// Reads the rows of every (batch, head) and keeps what <paramref name="judge"/> makes of them, indexed [batch * heads + head].
    /// </summary>
    /// <param name="inputs">Q, K, V.</param>
    /// <param name="scale">Softmax scale.</param>
    /// <param name="rows">Query tokens of each (batch, head), all of one count.</param>
    /// <param name="classes">Number of key classes.</param>
    /// <param name="classify">Class of each key for a query token: fills a span of key length with 0..classes-1.</param>
    /// <param name="judge">Turns the sample of one (batch, head) into a result; the sample itself is dropped.</param>
    /// <param name="cancellationToken">Polled between heads.</param>
    public static TResult[] Read<TResult>(
        in AttentionInputs inputs, double scale, int[][] rows, int classes, ClassifyKeys classify,
        Func<int, SampledAttention, TResult> judge, CancellationToken cancellationToken)
    {
        AttentionShape shape = inputs.Shape;
        TResult[] results = new TResult[shape.Batch * shape.Heads];
        nint[] queryStrides = inputs.Query.Strides.ToArray();
        nint[] keyStrides = inputs.Key.Strides.ToArray();
        nint[] valueStrides = inputs.Value.Strides.ToArray();
        fixed (float* query = &inputs.Query.GetPinnableReference(),
            key = &inputs.Key.GetPinnableReference(),
            value = &inputs.Value.GetPinnableReference())
        {
            Strided queries = new(query, queryStrides, shape.HeadDim);
            Strided keys = new(key, keyStrides, shape.HeadDim);
            Strided values = new(value, valueStrides, shape.HeadDim);
            Parallel.For(0, results.Length, new ParallelOptions { CancellationToken = cancellationToken }, index =>
            {
                (int batch, int head) = Math.DivRem(index, shape.Heads);
                SampledAttention sample = new(rows[index].Length, classes, shape.HeadDim);
                sample.Accumulate(queries, keys, values, batch, head, rows[index], shape.KeyLength, (float)scale, classify);
                results[index] = judge(index, sample);
            });
        }

        return results;
    }

    /// <summary>Mass of a row in a class, relative to the row's largest score.</summary>
    public double Mass(int row, int keyClass) => _mass[(row * Classes) + keyClass];

    /// <summary>
    /// Mean squared difference over rows and channels between dense attention and attention under a mask; a row that sees nothing yields 0.
    /// </summary>
    /// <param name="visible">Whether a class is visible from a row.</param>
    public double MeanSquaredError(Func<int, int, bool> visible)
    {
        double error = 0;
        float[] all = new float[HeadDim];
        float[] kept = new float[HeadDim];
        for (int row = 0; row < Rows; row++)
        {
            Array.Clear(all);
            Array.Clear(kept);
            double allMass = 0;
            double keptMass = 0;
            for (int keyClass = 0; keyClass < Classes; keyClass++)
            {
                double mass = Mass(row, keyClass);
                if (mass == 0)
                {
                    continue;
                }

                ReadOnlySpan<float> sum = _sums.AsSpan(((row * Classes) + keyClass) * HeadDim, HeadDim);
                allMass += mass;
                TensorPrimitives.Add(all, sum, all);
                if (visible(row, keyClass))
                {
                    keptMass += mass;
                    TensorPrimitives.Add(kept, sum, kept);
                }
            }

            double keptScale = keptMass > 0 ? 1 / keptMass : 0;
            for (int channel = 0; channel < HeadDim; channel++)
            {
                double difference = (all[channel] / allMass) - (kept[channel] * keptScale);
                error += difference * difference;
            }
        }

        return error / ((double)Rows * HeadDim);
    }

    private void Accumulate(
        Strided queries, Strided keys, Strided values, int batch, int head, int[] rows, int keyCount, float scale, ClassifyKeys classify)
    {
        float[] scores = ArrayPool<float>.Shared.Rent(rows.Length * keyCount);
        int[] keyClasses = ArrayPool<int>.Shared.Rent(rows.Length * keyCount);
        try
        {
            for (int start = 0; start < keyCount; start += KeyChunk)
            {
                int end = Math.Min(keyCount, start + KeyChunk);
                for (int row = 0; row < rows.Length; row++)
                {
                    ScoreChunk(
                        queries.Row(batch, head, rows[row]), keys, batch, head, start, scale,
                        scores.AsSpan((row * keyCount) + start, end - start));
                }
            }

            for (int row = 0; row < rows.Length; row++)
            {
                Span<float> line = scores.AsSpan(row * keyCount, keyCount);
                TensorPrimitives.Subtract(line, TensorPrimitives.Max(line), line);
                TensorPrimitives.Exp(line, line);
                classify(rows[row], keyClasses.AsSpan(row * keyCount, keyCount));
            }

            for (int start = 0; start < keyCount; start += KeyChunk)
            {
                int end = Math.Min(keyCount, start + KeyChunk);
                for (int row = 0; row < rows.Length; row++)
                {
                    AccumulateChunk(values, batch, head, row, start, end, scores.AsSpan(row * keyCount), keyClasses.AsSpan(row * keyCount));
                }
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(scores);
            ArrayPool<int>.Shared.Return(keyClasses);
        }
    }

    // Four keys share each load of the query. Optimised at once: a call is too short for the runtime to notice that the loop is hot.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScoreChunk(float* query, Strided keys, int batch, int head, int start, float scale, Span<float> scores)
    {
        int dim = keys.HeadDim;
        int vectors = dim - (dim % Vector<float>.Count);
        int index = 0;
        for (; index + 4 <= scores.Length; index += 4)
        {
            float* key0 = keys.Row(batch, head, start + index);
            float* key1 = keys.Row(batch, head, start + index + 1);
            float* key2 = keys.Row(batch, head, start + index + 2);
            float* key3 = keys.Row(batch, head, start + index + 3);
            Vector<float> sum0 = default;
            Vector<float> sum1 = default;
            Vector<float> sum2 = default;
            Vector<float> sum3 = default;
            for (int c = 0; c < vectors; c += Vector<float>.Count)
            {
                Vector<float> q = Vector.Load(query + c);
                sum0 = Vector.MultiplyAddEstimate(q, Vector.Load(key0 + c), sum0);
                sum1 = Vector.MultiplyAddEstimate(q, Vector.Load(key1 + c), sum1);
                sum2 = Vector.MultiplyAddEstimate(q, Vector.Load(key2 + c), sum2);
                sum3 = Vector.MultiplyAddEstimate(q, Vector.Load(key3 + c), sum3);
            }

            scores[index] = scale * (Vector.Sum(sum0) + Rest(query, key0, vectors, dim));
            scores[index + 1] = scale * (Vector.Sum(sum1) + Rest(query, key1, vectors, dim));
            scores[index + 2] = scale * (Vector.Sum(sum2) + Rest(query, key2, vectors, dim));
            scores[index + 3] = scale * (Vector.Sum(sum3) + Rest(query, key3, vectors, dim));
        }

        for (; index < scores.Length; index++)
        {
            scores[index] = scale * Rest(query, keys.Row(batch, head, start + index), 0, dim);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Rest(float* query, float* key, int from, int dim)
    {
        float sum = 0;
        for (int c = from; c < dim; c++)
        {
            sum += query[c] * key[c];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AccumulateChunk(
        Strided values, int batch, int head, int row, int start, int end, ReadOnlySpan<float> weights, ReadOnlySpan<int> keyClasses)
    {
        int vectors = HeadDim - (HeadDim % Vector<float>.Count);
        fixed (float* sums = _sums)
        {
            for (int key = start; key < end; key++)
            {
                float weight = weights[key];
                int slot = (row * Classes) + keyClasses[key];
                _mass[slot] += weight;
                float* value = values.Row(batch, head, key);
                float* sum = sums + ((nint)slot * HeadDim);
                Vector<float> factor = new(weight);
                for (int c = 0; c < vectors; c += Vector<float>.Count)
                {
                    Vector.MultiplyAddEstimate(factor, Vector.Load(value + c), Vector.Load(sum + c)).Store(sum + c);
                }

                for (int c = vectors; c < HeadDim; c++)
                {
                    sum[c] += weight * value[c];
                }
            }
        }
    }

    /// <summary>Fills the class of every key for one query token.</summary>
    public delegate void ClassifyKeys(int query, Span<int> classes);

    /// <summary>A pinned [batch, heads, tokens, channels] tensor.</summary>
    private readonly struct Strided(float* data, nint[] strides, int headDim)
    {
        private readonly float* _data = data;
        private readonly nint _batch = strides[0];
        private readonly nint _head = strides[1];
        private readonly nint _token = strides[2];

        public int HeadDim { get; } = headDim;

        public float* Row(int batch, int head, int token) => _data + (batch * _batch) + (head * _head) + (token * _token);
    }
}
