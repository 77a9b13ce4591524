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
        fixed (byte* query = inputs.Query, key = inputs.Key, value = inputs.Value)
        {
            RowSource queries = new(query, inputs.Query);
            RowSource keys = new(key, inputs.Key);
            RowSource values = new(value, inputs.Value);
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
        RowSource queries, RowSource keys, RowSource values, int batch, int head, int[] rows, int keyCount, float scale,
        ClassifyKeys classify)
    {
        float[] scores = ArrayPool<float>.Shared.Rent(rows.Length * keyCount);
        int[] keyClasses = ArrayPool<int>.Shared.Rent(rows.Length * keyCount);
        float[] copies = ArrayPool<float>.Shared.Rent(KeyChunk * HeadDim);
        float[] turned = queries.IsDirect ? [] : new float[rows.Length * HeadDim];
        try
        {
            fixed (float* scratch = copies, queryScratch = turned)
            {
                for (int row = 0; row < turned.Length / HeadDim; row++)
                {
                    queries.Read(batch, head, rows[row], queryScratch + (row * HeadDim));
                }

                float** pointers = stackalloc float*[KeyChunk];
                for (int start = 0; start < keyCount; start += KeyChunk)
                {
                    int count = Point(keys, batch, head, start, keyCount, scratch, pointers);
                    for (int row = 0; row < rows.Length; row++)
                    {
                        float* query = queries.IsDirect ? (float*)queries.Row(batch, head, rows[row]) : queryScratch + (row * HeadDim);
                        ScoreChunk(query, pointers, HeadDim, scale, scores.AsSpan((row * keyCount) + start, count));
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
                    int count = Point(values, batch, head, start, keyCount, scratch, pointers);
                    for (int row = 0; row < rows.Length; row++)
                    {
                        int first = (row * keyCount) + start;
                        AccumulateChunk(pointers, row, scores.AsSpan(first, count), keyClasses.AsSpan(first, count));
                    }
                }
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(scores);
            ArrayPool<int>.Shared.Return(keyClasses);
            ArrayPool<float>.Shared.Return(copies);
        }
    }

    /// <summary>Pointers to the rows of a chunk of keys, in place or, widened and turned, in scratch; answers how many.</summary>
    private static int Point(RowSource source, int batch, int head, int start, int keyCount, float* scratch, float** pointers)
    {
        int count = Math.Min(KeyChunk, keyCount - start);
        for (int i = 0; i < count; i++)
        {
            pointers[i] = source.Read(batch, head, start + i, scratch + ((nint)i * source.Channels));
        }

        return count;
    }

    // Four keys share each load of the query. Optimised at once: a call is too short for the runtime to notice that the loop is hot.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScoreChunk(float* query, float** keys, int dim, float scale, Span<float> scores)
    {
        int vectors = dim - (dim % Vector<float>.Count);
        int index = 0;
        for (; index + 4 <= scores.Length; index += 4)
        {
            float* key0 = keys[index];
            float* key1 = keys[index + 1];
            float* key2 = keys[index + 2];
            float* key3 = keys[index + 3];
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
            scores[index] = scale * Rest(query, keys[index], 0, dim);
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
    private void AccumulateChunk(float** values, int row, ReadOnlySpan<float> weights, ReadOnlySpan<int> keyClasses)
    {
        int vectors = HeadDim - (HeadDim % Vector<float>.Count);
        fixed (float* sums = _sums)
        {
            for (int key = 0; key < weights.Length; key++)
            {
                float weight = weights[key];
                int slot = (row * Classes) + keyClasses[key];
                _mass[slot] += weight;
                float* value = values[key];
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
}
