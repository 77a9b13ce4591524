using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Tessera.Backends.Cpu.Isa;
using Tessera.Serialization;

namespace Tessera.Neural.Products;

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

    /// <summary>Multiplies and finishes each sum before it leaves the cache: <c>y = epilogue(s (X W^T) + b)</c>.</summary>
    /// <param name="input">X.</param>
    /// <param name="rows">Rows of X.</param>
    /// <param name="weight">W; its first extent is n, the others together are k.</param>
    /// <param name="scale">s [n], or empty for 1.</param>
    /// <param name="bias">b [n], or empty.</param>
    /// <param name="epilogue">What happens to a sum.</param>
    /// <param name="output">Y; must not overlap X.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <param name="strides">Floats from row to row where rows are parts of wider ones.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void Multiply<TEpilogue>(
        ReadOnlySpan<float> input, int rows, StoredTensor weight, ReadOnlySpan<float> scale, ReadOnlySpan<float> bias, TEpilogue epilogue,
        Span<float> output, int threads = 0, RowStrides strides = default)
        where TEpilogue : struct, IEpilogue, allows ref struct
    {
        ArgumentNullException.ThrowIfNull(weight);
        int inner = checked((int)weight.RowLength);
        int columns = checked((int)weight.Rows);
        int inputStride = strides.Input == 0 ? inner : strides.Input;
        int outputStride = strides.Output == 0 ? columns : strides.Output;
        Require(input.Length, rows, inner, inputStride, nameof(input), weight);
        Require(output.Length, rows, columns, outputStride, nameof(output), weight);
        if (TEpilogue.HasResidual)
        {
            Require(epilogue.Residual.Length, rows, columns, outputStride, nameof(epilogue), weight);
        }

        RequireColumns(scale.Length, columns, scale.Length == 0, nameof(scale), weight);
        RequireColumns(bias.Length, columns, bias.Length == 0, nameof(bias), weight);
        RequireColumns(epilogue.Gate.Length, columns, !TEpilogue.HasGate, nameof(epilogue), weight);
        float[] sums = new float[(long)rows * columns];
        float[] dense = new float[(long)rows * inner];
        for (int row = 0; row < rows; row++)
        {
            input.Slice(row * inputStride, inner).CopyTo(dense.AsSpan(row * inner));
        }

        Multiply(dense, rows, weight, [], sums, threads);
        fixed (float* y = output, s = scale, b = bias, gate = epilogue.Gate, residual = epilogue.Residual, sum = sums)
        {
            ProductOutput target = new() { Output = y, Stride = outputStride, Scale = s, Bias = b, Gate = gate, Residual = residual };
            if (Isa512.IsSupported)
            {
                ProductFinish<Isa512, Vector512<float>, TEpilogue>.Block(sum, columns, rows, columns, target, 0, 0);
            }
            else if (Isa256.IsSupported)
            {
                ProductFinish<Isa256, Vector256<float>, TEpilogue>.Block(sum, columns, rows, columns, target, 0, 0);
            }
            else
            {
                ProductFinish<Isa128, Vector128<float>, TEpilogue>.Block(sum, columns, rows, columns, target, 0, 0);
            }
        }
    }

    private static void Require(int length, int rows, int width, int stride, string name, StoredTensor weight)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        if (stride < width || (rows > 0 && length < ((long)(rows - 1) * stride) + width))
        {
            throw new ArgumentException(
                $"{length} numbers do not hold {rows} rows of {width}, {stride} apart, which W {weight} needs; wanted at least "
                    + $"{Math.Max(0, ((long)(rows - 1) * stride) + width)} and a stride of at least {width}.",
                name);
        }
    }

    private static void RequireColumns(int length, int columns, bool absent, string name, StoredTensor weight)
    {
        if (!absent && length != columns)
        {
            throw new ArgumentException($"{length} numbers do not fit the columns of W {weight}; wanted {columns}.", name);
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
