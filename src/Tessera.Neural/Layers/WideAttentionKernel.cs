using System.Runtime.CompilerServices;
using Tessera.Backends.Cpu.Isa;
using Tessera.Backends.Cpu.Kernels;

namespace Tessera.Neural.Layers;

/// <summary>
/// One block of query rows of <see cref="WideAttention"/>: all its scores, their softmax, and the weighted sum of the values.
/// <code>
/// tile            scores: 4 query rows by 4 key rows, a register accumulator each, channels across lanes
///                 values: 4 query rows by 2 registers of channels, keys one after the other
/// remainder       rows beyond the last repeat it and are not written; channels that do not fill a register are summed one by one
/// scalar equal    s[i, j] = sum(q[i] k[j]) / sqrt(C);  p = 2^((s - max s) log2 e);  y[i] = sum(p[i, j] v[j]) / sum(p[i])
/// </code>
/// </summary>
internal static unsafe class WideAttentionKernel
{
    /// <summary>Query rows of a block.</summary>
    public const int BlockRows = 4;

    private const int KeyRows = 4;
    private const float Log2E = 1.44269504f;

    public static void Block<TIsa, TVector>(
        float* input, float* scores, int scoreStride, float* output, int first, int count, int rows, int width)
        where TIsa : struct, IVectorIsa<TVector>
        where TVector : unmanaged
    {
        nint stride = 3 * (nint)width;
        float** queries = stackalloc float*[BlockRows];
        for (int i = 0; i < BlockRows; i++)
        {
            queries[i] = input + (Math.Min(first + i, rows - 1) * stride);
        }

        float scale = Log2E / MathF.Sqrt(width);
        float* tile = stackalloc float[BlockRows * KeyRows];
        for (int key = 0; key < rows; key += KeyRows)
        {
            Scores<TIsa, TVector>(queries, input + width, key, rows, stride, width, tile);
            for (int i = 0; i < BlockRows; i++)
            {
                for (int j = 0; j < Math.Min(KeyRows, rows - key); j++)
                {
                    scores[((long)i * scoreStride) + key + j] = scale * tile[(i * KeyRows) + j];
                }
            }
        }

        float* sums = stackalloc float[BlockRows];
        for (int i = 0; i < BlockRows; i++)
        {
            sums[i] = Exponentials<TIsa, TVector>(scores + ((long)i * scoreStride), rows);
        }

        Values<TIsa, TVector>(input + (2 * width), stride, scores, scoreStride, sums, output + ((long)first * width), count, rows, width);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scores<TIsa, TVector>(float** queries, float* keys, int key, int rows, nint stride, int width, float* tile)
        where TIsa : struct, IVectorIsa<TVector>
        where TVector : unmanaged
    {
        float* q0 = queries[0], q1 = queries[1], q2 = queries[2], q3 = queries[3];
        float* k0 = keys + (key * stride);
        float* k1 = keys + (Math.Min(key + 1, rows - 1) * stride);
        float* k2 = keys + (Math.Min(key + 2, rows - 1) * stride);
        float* k3 = keys + (Math.Min(key + 3, rows - 1) * stride);
        TVector s00 = TIsa.Zero, s01 = TIsa.Zero, s02 = TIsa.Zero, s03 = TIsa.Zero;
        TVector s10 = TIsa.Zero, s11 = TIsa.Zero, s12 = TIsa.Zero, s13 = TIsa.Zero;
        TVector s20 = TIsa.Zero, s21 = TIsa.Zero, s22 = TIsa.Zero, s23 = TIsa.Zero;
        TVector s30 = TIsa.Zero, s31 = TIsa.Zero, s32 = TIsa.Zero, s33 = TIsa.Zero;
        int c = 0;
        for (; c <= width - TIsa.Count; c += TIsa.Count)
        {
            TVector a = TIsa.Load(k0 + c), b = TIsa.Load(k1 + c), d = TIsa.Load(k2 + c), e = TIsa.Load(k3 + c);
            TVector q = TIsa.Load(q0 + c);
            s00 = TIsa.MultiplyAdd(q, a, s00);
            s01 = TIsa.MultiplyAdd(q, b, s01);
            s02 = TIsa.MultiplyAdd(q, d, s02);
            s03 = TIsa.MultiplyAdd(q, e, s03);
            q = TIsa.Load(q1 + c);
            s10 = TIsa.MultiplyAdd(q, a, s10);
            s11 = TIsa.MultiplyAdd(q, b, s11);
            s12 = TIsa.MultiplyAdd(q, d, s12);
            s13 = TIsa.MultiplyAdd(q, e, s13);
            q = TIsa.Load(q2 + c);
            s20 = TIsa.MultiplyAdd(q, a, s20);
            s21 = TIsa.MultiplyAdd(q, b, s21);
            s22 = TIsa.MultiplyAdd(q, d, s22);
            s23 = TIsa.MultiplyAdd(q, e, s23);
            q = TIsa.Load(q3 + c);
            s30 = TIsa.MultiplyAdd(q, a, s30);
            s31 = TIsa.MultiplyAdd(q, b, s31);
            s32 = TIsa.MultiplyAdd(q, d, s32);
            s33 = TIsa.MultiplyAdd(q, e, s33);
        }

        StoreRow<TIsa, TVector>(tile, s00, s01, s02, s03);
        StoreRow<TIsa, TVector>(tile + KeyRows, s10, s11, s12, s13);
        StoreRow<TIsa, TVector>(tile + (2 * KeyRows), s20, s21, s22, s23);
        StoreRow<TIsa, TVector>(tile + (3 * KeyRows), s30, s31, s32, s33);
        for (; c < width; c++)
        {
            for (int i = 0; i < BlockRows; i++)
            {
                tile[i * KeyRows] += queries[i][c] * k0[c];
                tile[(i * KeyRows) + 1] += queries[i][c] * k1[c];
                tile[(i * KeyRows) + 2] += queries[i][c] * k2[c];
                tile[(i * KeyRows) + 3] += queries[i][c] * k3[c];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreRow<TIsa, TVector>(float* tile, TVector first, TVector second, TVector third, TVector fourth)
        where TIsa : struct, IVectorIsa<TVector>
        where TVector : unmanaged
    {
        tile[0] = TIsa.Sum(first);
        tile[1] = TIsa.Sum(second);
        tile[2] = TIsa.Sum(third);
        tile[3] = TIsa.Sum(fourth);
    }

    /// <summary>Replaces scores times log2 e by exponentials relative to the largest and returns their sum.</summary>
    private static float Exponentials<TIsa, TVector>(float* scores, int count)
        where TIsa : struct, IVectorIsa<TVector>
        where TVector : unmanaged
    {
        // The row is padded to whole registers: what is there counts as the largest score while the maximum is found, and as 0 after.
        int padded = (count + TIsa.Count - 1) / TIsa.Count * TIsa.Count;
        for (int i = count; i < padded; i++)
        {
            scores[i] = scores[0];
        }

        TVector largest = TIsa.Load(scores);
        for (int i = TIsa.Count; i < padded; i += TIsa.Count)
        {
            largest = TIsa.Max(largest, TIsa.Load(scores + i));
        }

        TVector maximum = TIsa.Broadcast(TIsa.MaxAcross(largest));
        for (int i = 0; i < padded; i += TIsa.Count)
        {
            TIsa.Store(scores + i, Exponential<TIsa, TVector>.Base2(TIsa.Subtract(TIsa.Load(scores + i), maximum)));
        }

        for (int i = count; i < padded; i++)
        {
            scores[i] = 0;
        }

        TVector sum = TIsa.Zero;
        for (int i = 0; i < padded; i += TIsa.Count)
        {
            sum = TIsa.Add(sum, TIsa.Load(scores + i));
        }

        return TIsa.Sum(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Values<TIsa, TVector>(
        float* values, nint stride, float* scores, int scoreStride, float* sums, float* output, int count, int rows, int width)
        where TIsa : struct, IVectorIsa<TVector>
        where TVector : unmanaged
    {
        float* p0 = scores, p1 = p0 + scoreStride, p2 = p1 + scoreStride, p3 = p2 + scoreStride;
        int c = 0;
        for (; c <= width - (2 * TIsa.Count); c += 2 * TIsa.Count)
        {
            TVector y00 = TIsa.Zero, y01 = TIsa.Zero, y10 = TIsa.Zero, y11 = TIsa.Zero;
            TVector y20 = TIsa.Zero, y21 = TIsa.Zero, y30 = TIsa.Zero, y31 = TIsa.Zero;
            float* value = values + c;
            for (int j = 0; j < rows; j++, value += stride)
            {
                TVector left = TIsa.Load(value), right = TIsa.Load(value + TIsa.Count);
                TVector p = TIsa.Broadcast(p0[j]);
                y00 = TIsa.MultiplyAdd(p, left, y00);
                y01 = TIsa.MultiplyAdd(p, right, y01);
                p = TIsa.Broadcast(p1[j]);
                y10 = TIsa.MultiplyAdd(p, left, y10);
                y11 = TIsa.MultiplyAdd(p, right, y11);
                p = TIsa.Broadcast(p2[j]);
                y20 = TIsa.MultiplyAdd(p, left, y20);
                y21 = TIsa.MultiplyAdd(p, right, y21);
                p = TIsa.Broadcast(p3[j]);
                y30 = TIsa.MultiplyAdd(p, left, y30);
                y31 = TIsa.MultiplyAdd(p, right, y31);
            }

            Store<TIsa, TVector>(output + c, count, 0, width, sums, y00, y01);
            Store<TIsa, TVector>(output + c, count, 1, width, sums, y10, y11);
            Store<TIsa, TVector>(output + c, count, 2, width, sums, y20, y21);
            Store<TIsa, TVector>(output + c, count, 3, width, sums, y30, y31);
        }

        for (; c < width; c++)
        {
            for (int i = 0; i < count; i++)
            {
                float* p = scores + ((long)i * scoreStride);
                float sum = 0;
                for (int j = 0; j < rows; j++)
                {
                    sum += p[j] * values[(j * stride) + c];
                }

                output[((long)i * width) + c] = sum / sums[i];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TIsa, TVector>(
        float* output, int count, int row, int width, float* sums, TVector left, TVector right)
        where TIsa : struct, IVectorIsa<TVector>
        where TVector : unmanaged
    {
        if (row < count)
        {
            TVector divisor = TIsa.Broadcast(sums[row]);
            TIsa.Store(output + ((long)row * width), TIsa.Divide(left, divisor));
            TIsa.Store(output + ((long)row * width) + TIsa.Count, TIsa.Divide(right, divisor));
        }
    }
}
