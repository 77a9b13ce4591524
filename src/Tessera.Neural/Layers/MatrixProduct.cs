using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Tessera.Serialization;

namespace Tessera.Neural.Layers;

/// <summary>
/// The one place where activations meet weights: <c>Y = X W^T + b</c>, X [rows, k] and Y [rows, n] row-major float32, W [n, k] as stored.
/// </summary>
/// <remarks>
/// Rows of W are converted to float32 in blocks that stay in the second-level cache, and each block is multiplied with all rows of X.
/// Register tile: 4 rows of X by 2 rows of W, eight vector accumulators along k, then a horizontal sum; rows and columns left over are
/// plain dot products. Threads take disjoint blocks of W, and the sum of an element never depends on their number: equal bits for any
/// thread count.
/// </remarks>
public static unsafe class MatrixProduct
{
    private const int TileRows = 4;
    private const int TileColumns = 2;

    // Floats of W converted at a time: 64 K floats are a quarter of a 1 MB cache.
    private const int BlockFloats = 1 << 16;
    private const int SmallestParallelWork = 1 << 18;

    /// <summary>Multiplies.</summary>
    /// <param name="input">X, row-major.</param>
    /// <param name="rows">Rows of X.</param>
    /// <param name="weight">W; its first extent is n, the others together are k.</param>
    /// <param name="bias">b [n], or empty.</param>
    /// <param name="output">Y, row-major; must not overlap X.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void Multiply(
        ReadOnlySpan<float> input, int rows, StoredTensor weight, ReadOnlySpan<float> bias, Span<float> output, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(weight);
        int inner = checked((int)weight.RowLength);
        int columns = checked((int)weight.Rows);
        if (input.Length != (long)rows * inner || output.Length != (long)rows * columns || (bias.Length != 0 && bias.Length != columns))
        {
            throw new ArgumentException(
                $"X of {input.Length}, b of {bias.Length} and Y of {output.Length} numbers do not fit {rows} rows of W {weight}; "
                    + $"wanted {(long)rows * inner}, {columns} or 0, and {(long)rows * columns}.",
                nameof(input));
        }

        int blockColumns = Math.Max(TileColumns, BlockFloats / Math.Max(1, inner) / TileColumns * TileColumns);
        int blocks = (columns + blockColumns - 1) / blockColumns;
        fixed (float* x = input, b = bias, y = output)
        {
            Job job = new(x, b, y, rows, inner, columns, blockColumns, weight);
            int workers = threads > 0 ? threads : Environment.ProcessorCount;
            if (workers == 1 || blocks == 1 || (long)rows * inner * columns < SmallestParallelWork)
            {
                float[] scratch = new float[blockColumns * inner];
                for (int block = 0; block < blocks; block++)
                {
                    job.Execute(block, scratch);
                }
            }
            else
            {
                Parallel.For(
                    0, blocks, new ParallelOptions { MaxDegreeOfParallelism = workers }, () => new float[blockColumns * inner],
                    (block, _, scratch) =>
                    {
                        job.Execute(block, scratch);
                        return scratch;
                    },
                    static _ => { });
            }
        }
    }

    private sealed class Job(float* x, float* b, float* y, int rows, int inner, int columns, int blockColumns, StoredTensor weight)
    {
        public void Execute(int block, float[] scratch)
        {
            int first = block * blockColumns;
            int count = Math.Min(blockColumns, columns - first);
            weight.ReadSingle((long)first * inner, scratch.AsSpan(0, count * inner));
            int row = 0;
            for (; row <= rows - TileRows; row += TileRows)
            {
                int column = 0;
                for (; column <= count - TileColumns; column += TileColumns)
                {
                    Tile(row, first + column, ref scratch[column * inner]);
                }

                for (int extra = row; extra < row + TileRows && column < count; extra++)
                {
                    One(extra, first + column, scratch.AsSpan(column * inner, inner));
                }
            }

            for (; row < rows; row++)
            {
                for (int column = 0; column < count; column++)
                {
                    One(row, first + column, scratch.AsSpan(column * inner, inner));
                }
            }
        }

        private void One(int row, int column, ReadOnlySpan<float> w) =>
            y[((long)row * columns) + column] =
                TensorPrimitives.Dot(new ReadOnlySpan<float>(x + ((long)row * inner), inner), w) + (b is null ? 0 : b[column]);

        private void Tile(int row, int column, ref float weights)
        {
            ref float w0 = ref weights;
            ref float w1 = ref System.Runtime.CompilerServices.Unsafe.Add(ref weights, inner);
            float* x0 = x + ((long)row * inner);
            float* x1 = x0 + inner;
            float* x2 = x1 + inner;
            float* x3 = x2 + inner;
            Vector<float> s00 = default, s01 = default, s10 = default, s11 = default;
            Vector<float> s20 = default, s21 = default, s30 = default, s31 = default;
            int i = 0;
            for (; i <= inner - Vector<float>.Count; i += Vector<float>.Count)
            {
                Vector<float> a = Vector.LoadUnsafe(ref w0, (nuint)i);
                Vector<float> c = Vector.LoadUnsafe(ref w1, (nuint)i);
                Vector<float> v = Vector.Load(x0 + i);
                s00 = Vector.FusedMultiplyAdd(v, a, s00);
                s01 = Vector.FusedMultiplyAdd(v, c, s01);
                v = Vector.Load(x1 + i);
                s10 = Vector.FusedMultiplyAdd(v, a, s10);
                s11 = Vector.FusedMultiplyAdd(v, c, s11);
                v = Vector.Load(x2 + i);
                s20 = Vector.FusedMultiplyAdd(v, a, s20);
                s21 = Vector.FusedMultiplyAdd(v, c, s21);
                v = Vector.Load(x3 + i);
                s30 = Vector.FusedMultiplyAdd(v, a, s30);
                s31 = Vector.FusedMultiplyAdd(v, c, s31);
            }

            ReadOnlySpan<float> tail0 = MemoryMarshal.CreateReadOnlySpan(ref w0, inner)[i..];
            ReadOnlySpan<float> tail1 = MemoryMarshal.CreateReadOnlySpan(ref w1, inner)[i..];
            Store(row, column, x0 + i, s00, s01, tail0, tail1);
            Store(row + 1, column, x1 + i, s10, s11, tail0, tail1);
            Store(row + 2, column, x2 + i, s20, s21, tail0, tail1);
            Store(row + 3, column, x3 + i, s30, s31, tail0, tail1);
        }

        private void Store(
            int row, int column, float* x, Vector<float> first, Vector<float> second, ReadOnlySpan<float> tail0, ReadOnlySpan<float> tail1)
        {
            float sum0 = Vector.Sum(first);
            float sum1 = Vector.Sum(second);
            for (int i = 0; i < tail0.Length; i++)
            {
                sum0 += x[i] * tail0[i];
                sum1 += x[i] * tail1[i];
            }

            float* output = y + ((long)row * columns) + column;
            output[0] = sum0 + (b is null ? 0 : b[column]);
            output[1] = sum1 + (b is null ? 0 : b[column + 1]);
        }
    }
}
