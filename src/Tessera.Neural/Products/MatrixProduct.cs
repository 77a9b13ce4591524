using System.Runtime.Intrinsics;
using Tessera.Backends.Cpu.Costs;
using Tessera.Backends.Cpu.Emitted;
using Tessera.Backends.Cpu.Isa;
using Tessera.Serialization;

namespace Tessera.Neural.Products;

/// <summary>
/// The one place where activations meet weights: <c>Y = epilogue(X W^T + b)</c>, X [rows, k] and Y [rows, n] row-major float32,
/// W [n, k] as stored and widened while it is packed.
/// </summary>
/// <remarks>
/// Sums are float32, in an order that depends on the sizes only: equal bits for any thread count. A product allocates nothing once its
/// threads have their scratch. It must not be called from the threads that compute another one.
/// </remarks>
public static unsafe class MatrixProduct
{
    private const long SmallestParallelWork = 1 << 18;

    /// <summary>
    /// Up to so many rows, lanes are rows of X: transposing weights would cost more than idle lanes and transposing the output.
    /// </summary>
    private const int FewRows = 256;

    /// <summary>
    /// Why products of <see cref="ProductPrecision.BFloat16"/> take float32 instructions in this process, or null where they take the
    /// processor's own. The two sum in different orders.
    /// </summary>
    public static string? BFloat16Fault => EmittedBFloat16.Fault;

    /// <summary>Multiplies.</summary>
    /// <param name="input">X, row-major.</param>
    /// <param name="rows">Rows of X.</param>
    /// <param name="weight">W; its first extent is n, the others together are k.</param>
    /// <param name="bias">b [n], or empty.</param>
    /// <param name="output">Y, row-major; must not overlap X.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void Multiply(
        ReadOnlySpan<float> input, int rows, StoredTensor weight, ReadOnlySpan<float> bias, Span<float> output, int threads = 0) =>
        Multiply(input, rows, weight, bias, default(Activated<NoActivation>), output, threads);

    /// <summary>Multiplies and finishes each sum before it leaves the cache.</summary>
    /// <param name="input">X.</param>
    /// <param name="rows">Rows of X.</param>
    /// <param name="weight">W; its first extent is n, the others together are k.</param>
    /// <param name="bias">b [n], or empty.</param>
    /// <param name="epilogue">What happens to a sum.</param>
    /// <param name="output">Y; must not overlap X.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <param name="strides">Floats from row to row where rows are parts of wider ones.</param>
    /// <param name="precision">What both operands are rounded to.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void Multiply<TEpilogue>(
        ReadOnlySpan<float> input, int rows, StoredTensor weight, ReadOnlySpan<float> bias, TEpilogue epilogue,
        Span<float> output, int threads = 0, RowStrides strides = default, ProductPrecision precision = ProductPrecision.Float32)
        where TEpilogue : struct, IEpilogue, allows ref struct =>
        Multiply(input, rows, weight, bias, epilogue, output, threads, strides, precision, precision == ProductPrecision.BFloat16
            && EmittedBFloat16.IsSupported);

    /// <summary>The same, with or without emitted code: for tests and measurements of what other machines do.</summary>
    internal static void Multiply<TEpilogue>(
        ReadOnlySpan<float> input, int rows, StoredTensor weight, ReadOnlySpan<float> bias, TEpilogue epilogue,
        Span<float> output, int threads, RowStrides strides, ProductPrecision precision, bool isEmitted)
        where TEpilogue : struct, IEpilogue, allows ref struct
    {
        if (precision is not (ProductPrecision.Float32 or ProductPrecision.BFloat16))
        {
            throw new ArgumentException($"{precision} is no precision of a product; wanted Float32 or BFloat16.", nameof(precision));
        }

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

        RequireColumns(bias.Length, columns, bias.Length == 0, nameof(bias), weight);
        RequireColumns(epilogue.Gate.Length, columns, !TEpilogue.HasGate, nameof(epilogue), weight);
        if (rows == 0 || columns == 0)
        {
            return;
        }

        fixed (float* x = input, y = output, b = bias, gate = epilogue.Gate, residual = epilogue.Residual)
        {
            ProductOutput target = new() { Output = y, Stride = outputStride, Bias = b, Gate = gate, Residual = residual };
            int workers = threads > 0 ? threads : Environment.ProcessorCount;
            workers = (long)rows * inner * columns < SmallestParallelWork ? 1 : workers;
            bool rounds = precision == ProductPrecision.BFloat16;
            if (rounds && isEmitted && inner > 0)
            {
                RunEmitted<TEpilogue>(x, inputStride, rows, weight, target, workers);
            }
            else if (Isa512.IsSupported)
            {
                Run<Isa512, Vector512<float>, TEpilogue>(x, inputStride, rows, weight, target, workers, rounds);
            }
            else if (Isa256.IsSupported)
            {
                Run<Isa256, Vector256<float>, TEpilogue>(x, inputStride, rows, weight, target, workers, rounds);
            }
            else
            {
                Run<Isa128, Vector128<float>, TEpilogue>(x, inputStride, rows, weight, target, workers, rounds);
            }
        }
    }

    private static void RunEmitted<TEpilogue>(
        float* x, nint xStride, int rows, StoredTensor weight, in ProductOutput target, int threads)
        where TEpilogue : struct, IEpilogue, allows ref struct
    {
        PanelLayout layout = new((int)weight.Rows, Isa512.Count, BFloat16Panel.MostVectors);
        int pairs = (int)((weight.RowLength + 1) / 2);
        ProductBlocking blocking = ProductBlocking.For(rows, pairs, layout, threads, CacheSizes.OfThisMachine);
        WorkSharing.Run(
            blocking.Items, new BFloat16RowsJob<TEpilogue>(x, xStride, rows, weight, target, layout, blocking), threads);
    }

    private static void Run<TIsa, TVector, TEpilogue>(
        float* x, nint xStride, int rows, StoredTensor weight, in ProductOutput target, int threads, bool rounds)
        where TIsa : struct, IVectorIsa<TVector>
        where TVector : unmanaged
        where TEpilogue : struct, IEpilogue, allows ref struct
    {
        if (rows <= FewRows && !rounds)
        {
            RunFewRows<TIsa, TVector, TEpilogue>(x, xStride, rows, weight, target, threads);
            return;
        }

        PanelLayout layout = new((int)weight.Rows, TIsa.Count, ProductTile<TIsa, TVector>.Vectors);
        ProductBlocking blocking = ProductBlocking.For(rows, (int)weight.RowLength, layout, threads, CacheSizes.OfThisMachine);
        WorkSharing.Run(
            blocking.Items,
            new ManyRowsJob<TIsa, TVector, TEpilogue>(x, xStride, rows, weight, target, layout, blocking, rounds), threads);
    }

    private static void RunFewRows<TIsa, TVector, TEpilogue>(
        float* x, nint xStride, int rows, StoredTensor weight, in ProductOutput target, int threads)
        where TIsa : struct, IVectorIsa<TVector>
        where TVector : unmanaged
        where TEpilogue : struct, IEpilogue, allows ref struct
    {
        int inner = (int)weight.RowLength;
        PanelLayout layout = new(rows, TIsa.Count, ProductTile<TIsa, TVector>.Vectors);
        int lanes = layout.ColumnOf(layout.Panels);
        int block = ProductBlocking.InnerOfFewRows(inner, lanes);
        int blocks = Math.Max(1, (inner + block - 1) / block);
        float* panels = ProductScratch.Shared((long)lanes * Math.Max(1, inner));
        WorkSharing.Run(
            blocks * layout.Panels, new PackRowsJob(x, xStride, rows, inner, block, layout, panels),
            (long)rows * inner < SmallestParallelWork ? 1 : threads);
        int together = ProductBlocking.ColumnsOfFewRows((int)weight.Rows, threads);
        WorkSharing.Run(
            (int)((weight.Rows + together - 1) / together),
            new FewRowsJob<TIsa, TVector, TEpilogue>(panels, rows, weight, target, layout, block, together), threads);
    }

    private static void Require(int length, int rows, int width, int stride, string name, StoredTensor weight)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        long wanted = rows == 0 ? 0 : ((long)(rows - 1) * stride) + width;
        if (stride < width || length < wanted)
        {
            throw new ArgumentException(
                $"{length} numbers do not hold {rows} rows of {width}, {stride} apart, which W {weight} needs; wanted at least {wanted} "
                    + $"and a stride of at least {width}.",
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
}
