using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tessera.Backends.Cpu;
using Tessera.Backends.Cpu.Emitted;
using Tessera.Backends.Cpu.Isa;
using Tessera.Serialization;

namespace Tessera.Neural.Products;

/// <summary>
/// Y = X W^T of bfloat16 in emitted code: <see cref="ManyRowsJob{TIsa, TVector, TEpilogue}"/> with pairs of numbers for numbers, and eight
/// rows of X rounded into the first-level cache before all panels of an item pass.
/// </summary>
internal readonly unsafe struct BFloat16RowsJob<TEpilogue>(
    float* x, nint xStride, int rows, StoredTensor weight, ProductOutput target, PanelLayout layout, ProductBlocking blocking) : ITileJob
    where TEpilogue : struct, IEpilogue, allows ref struct
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Execute(int item, int worker)
    {
        ProductItem part = new(item, rows, weight.Rows, layout, blocking);
        int width = part.Width;
        int inner = (int)weight.RowLength;
        int pairs = (inner + 1) / 2;
        bool isBlocked = pairs > blocking.Inner;
        long packedFloats = ProductScratch.Lines((long)width * blocking.Inner);
        long sumFloats = part.SumFloats(isBlocked, BFloat16Panel.Rows);
        long roundedFloats = (long)BFloat16Panel.Rows * blocking.Inner;
        float* packed = ProductScratch.Worker(packedFloats + sumFloats + roundedFloats + (6L * blocking.Inner));
        float* sums = packed + packedFloats;
        float* rounded = sums + sumFloats;
        float* widened = rounded + roundedFloats;
        for (int start = 0; start < pairs; start += blocking.Inner)
        {
            int count = Math.Min(blocking.Inner, pairs - start);
            Pack(part, start, count, packed, widened);
            for (int row = part.FirstRow; row < part.LastRow; row += BFloat16Panel.Rows)
            {
                int tileRows = Math.Min(BFloat16Panel.Rows, part.LastRow - row);
                float* block = sums + (isBlocked ? (long)(row - part.FirstRow) * width : 0);
                Round(row, tileRows, 2 * start, Math.Min(2 * count, inner - (2 * start)), rounded);
                BFloat16Arguments arguments;
                arguments.A = rounded;
                arguments.AStride = (long)blocking.Inner * sizeof(float);
                arguments.Steps = count;
                arguments.CStride = (long)width * sizeof(float);
                for (int panel = part.FirstPanel; panel < part.LastPanel; panel++)
                {
                    int column = part.ColumnOf(panel);
                    arguments.B = packed + ((long)column * count);
                    arguments.C = block + column;
                    EmittedBFloat16.Multiply(layout.VectorsOf(panel), start > 0, &arguments);
                }

                if (start + count >= pairs)
                {
                    ProductFinish<Isa512, Vector512<float>, TEpilogue>.Block(
                        block, width, tileRows, part.Columns, target, row, part.FirstColumn);
                }
            }
        }
    }

    private void Pack(in ProductItem part, int start, int count, float* packed, float* widened)
    {
        for (int panel = part.FirstPanel; panel < part.LastPanel; panel++)
        {
            int column = part.ColumnOf(panel);
            BFloat16Weights.PackPanel(
                weight, part.FirstColumn + column, start, count, packed + ((long)column * count), layout.VectorsOf(panel) * layout.Lanes,
                widened);
        }
    }

    /// <summary>Eight rows of pairs; those that do not exist are zeros.</summary>
    private void Round(int row, int tileRows, int start, int count, float* rounded)
    {
        for (int r = 0; r < tileRows; r++)
        {
            BFloat16Rounding.RoundPairs(x + ((row + r) * xStride) + start, count, rounded + ((long)r * blocking.Inner));
        }

        new Span<float>(rounded + ((long)tileRows * blocking.Inner), (BFloat16Panel.Rows - tileRows) * blocking.Inner).Clear();
    }
}
