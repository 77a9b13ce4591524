using System.Runtime.CompilerServices;
using Tessera.Backends.Cpu;
using Tessera.Backends.Cpu.Isa;
using Tessera.Serialization;

namespace Tessera.Neural.Products;

/// <summary>
/// Y = X W^T for many rows: lanes are columns of Y. X is read where it lies; W is widened and transposed into panels, block by block.
/// <code>
/// for each item (rows I, panels J):
///   for each block K of the inner dimension:
///     pack W[J, K]                               second-level cache
///     for each 8 rows of I: for each panel of J  X[8, K] in the first-level cache, sums in registers
///     after the last block: epilogue of 8 rows
/// </code>
/// With <c>rounds</c>, both operands are rounded to bfloat16 on the way: the meaning of <see cref="ProductPrecision.BFloat16"/>.
/// </summary>
internal readonly unsafe struct ManyRowsJob<TIsa, TVector, TEpilogue>(
    float* x, nint xStride, int rows, StoredTensor weight, ProductOutput target, PanelLayout layout, ProductBlocking blocking, bool rounds)
    : ITileJob
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
    where TEpilogue : struct, IEpilogue, allows ref struct
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Execute(int item, int worker)
    {
        ProductItem part = new(item, rows, weight.Rows, layout, blocking);
        int width = part.Width;
        int inner = (int)weight.RowLength;
        bool isBlocked = inner > blocking.Inner;
        long packedFloats = ProductScratch.Lines((long)width * blocking.Inner);
        long sumFloats = part.SumFloats(isBlocked, ProductTile<TIsa, TVector>.Rows);
        long roundedFloats = rounds ? ProductTile<TIsa, TVector>.Rows * (long)blocking.Inner : 0;
        float* packed = ProductScratch.Worker(packedFloats + sumFloats + (RowPanel.Together * (long)blocking.Inner) + roundedFloats);
        float* sums = packed + packedFloats;
        float* widened = sums + sumFloats;
        float* rounded = widened + (RowPanel.Together * (long)blocking.Inner);
        int start = 0;
        do
        {
            int count = Math.Min(blocking.Inner, inner - start);
            Pack(part, start, count, packed, widened);
            for (int row = part.FirstRow; row < part.LastRow; row += ProductTile<TIsa, TVector>.Rows)
            {
                int tileRows = Math.Min(ProductTile<TIsa, TVector>.Rows, part.LastRow - row);
                float* block = sums + (isBlocked ? (long)(row - part.FirstRow) * width : 0);
                float* a = x + (row * xStride) + start;
                nint aStride = xStride;
                if (rounds)
                {
                    a = Rounded(a, tileRows, count, rounded);
                    aStride = count;
                }

                ProductSegment segment = new() { Steps = count };
                for (int panel = part.FirstPanel; panel < part.LastPanel; panel++)
                {
                    int column = part.ColumnOf(panel);
                    segment.B = packed + ((long)column * count);
                    ProductTile<TIsa, TVector>.Multiply(
                        &segment, 1, a, aStride, tileRows, block + column, width, layout.VectorsOf(panel), start > 0);
                }

                if (start + count >= inner)
                {
                    ProductFinish<TIsa, TVector, TEpilogue>.Block(
                        block, width, tileRows, part.Columns, target, row, part.FirstColumn);
                }
            }

            start += count;
        }
        while (start < inner);
    }

    /// <summary>A block of W, rounded where W is not stored as it is asked for.</summary>
    private void Pack(in ProductItem part, int start, int count, float* packed, float* widened)
    {
        for (int panel = part.FirstPanel; panel < part.LastPanel; panel++)
        {
            int column = part.ColumnOf(panel);
            WeightRows<TIsa, TVector>.PackPanel(
                weight, part.FirstColumn + column, start, count, packed + ((long)column * count), layout.VectorsOf(panel) * TIsa.Count,
                widened);
        }

        if (rounds && weight.DataType != TensorDataType.BFloat16)
        {
            for (int j = 0; j < part.Width; j++)
            {
                BFloat16Rounding.RoundWide(packed + ((long)j * count), packed + ((long)j * count), count);
            }
        }
    }

    private float* Rounded(float* a, int tileRows, int count, float* rounded)
    {
        for (int r = 0; r < tileRows; r++)
        {
            BFloat16Rounding.RoundWide(a + (r * xStride), rounded + ((long)r * count), count);
        }

        return rounded;
    }
}
