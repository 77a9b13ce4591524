using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tessera.Backends.Cpu;
using Tessera.Backends.Cpu.Isa;
using Tessera.Backends.Cpu.Packing;
using Tessera.Serialization;

namespace Tessera.Neural.Products;

/// <summary>
/// Y = X W^T for few rows, computed as Y^T = W X^T: lanes are rows of X. Weights are used as often as there are rows, so they are read
/// where they lie, once and in order, and only X is transposed. With few rows the memory that holds W is the limit.
/// <code>
/// for each item (rows J of W):
///   for each block K of the inner dimension:
///     for each 8 rows of J:   W[8, K] in place, or widened into the first-level cache
///       for each panel of X^T: sums in registers             X^T[K, all] in the second-level cache; the next W[8, K] is asked for
///   transpose the sums, epilogue
/// </code>
/// </summary>
internal readonly unsafe struct FewRowsJob<TIsa, TVector, TEpilogue>(
    float* panels, int rows, StoredTensor weight, ProductOutput target, PanelLayout layout, int block, int together) : ITileJob
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
    where TEpilogue : struct, IEpilogue, allows ref struct
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Execute(int item, int worker)
    {
        int first = item * together;
        int count = (int)Math.Min(together, weight.Rows - first);
        int inner = (int)weight.RowLength;
        int lanes = layout.ColumnOf(layout.Panels);
        long sumFloats = (long)together * lanes;
        float* sums = ProductScratch.Worker((2 * sumFloats) + ((long)ProductTile<TIsa, TVector>.Rows * block));
        float* transposed = sums + sumFloats;
        float* widened = transposed + sumFloats;
        int start = 0;
        do
        {
            int steps = Math.Min(block, inner - start);
            for (int row = 0; row < count; row += ProductTile<TIsa, TVector>.Rows)
            {
                int tileRows = Math.Min(ProductTile<TIsa, TVector>.Rows, count - row);
                int next = row + tileRows;
                WeightPlace ahead = next < count
                    ? new WeightPlace(first + next, count - next, start, steps)
                    : new WeightPlace(first, count, start + steps, Math.Min(block, inner - start - steps));
                Multiply(first + row, tileRows, start, steps, ahead, widened, sums + ((long)row * lanes));
            }

            start += steps;
        }
        while (start < inner);

        for (int row = count; row < (count + 3) / 4 * 4; row++)
        {
            new Span<float>(sums + ((long)row * lanes), lanes).Clear();
        }

        for (int row = 0; row < count; row += 4)
        {
            float* source = sums + ((long)row * lanes);
            Transposition.FourRows(
                source, source + lanes, source + (2L * lanes), source + (3L * lanes), rows, transposed + row, together);
        }

        ProductFinish<TIsa, TVector, TEpilogue>.Block(transposed, together, rows, count, target, 0, first);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Multiply(int row, int count, int start, int steps, in WeightPlace ahead, float* widened, float* sums)
    {
        if (weight.DataType == TensorDataType.Float32)
        {
            fixed (byte* source = WeightRows<TIsa, TVector>.InPlace(weight, row, count, start, steps))
            {
                Multiply((float*)source, (nint)weight.RowLength, count, start, steps, ahead, sums);
            }

            return;
        }

        WeightRows<TIsa, TVector>.Read(weight, row, count, start, steps, widened, block);
        Multiply(widened, block, count, start, steps, ahead, sums);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Multiply(float* a, nint aStride, int count, int start, int steps, in WeightPlace ahead, float* sums)
    {
        int lanes = layout.ColumnOf(layout.Panels);
        ProductSegment* segments = stackalloc ProductSegment[ProductTile<TIsa, TVector>.Rows];
        for (int panel = 0; panel < layout.Panels; panel++)
        {
            int column = layout.ColumnOf(panel);
            int vectors = layout.VectorsOf(panel);
            float* b = panels + (column * weight.RowLength) + ((long)start * vectors * TIsa.Count);
            int stretches = Math.Clamp(panel == 0 ? ahead.Rows : 1, 1, ProductTile<TIsa, TVector>.Rows);
            for (int i = 0; i < stretches; i++)
            {
                int begin = (int)((long)steps * i / stretches);
                segments[i] = new ProductSegment
                {
                    B = b + ((long)begin * vectors * TIsa.Count),
                    Offset = begin,
                    Steps = (int)((long)steps * (i + 1) / stretches) - begin,
                };
                if (panel == 0 && ahead.Elements > 0)
                {
                    (nint address, segments[i].AheadLength) = AddressOf(ahead, i);
                    segments[i].Ahead = (byte*)address;
                }
            }

            ProductTile<TIsa, TVector>.Multiply(segments, stretches, a, aStride, count, sums + column, lanes, vectors, start > 0);
        }
    }

    /// <summary>Where part of a row lies now. The address is only asked for, never read: it need not stay valid.</summary>
    private (nint Address, nint Length) AddressOf(in WeightPlace place, int row)
    {
        ReadOnlySpan<byte> bytes = weight.Bytes(((place.Row + row) * weight.RowLength) + place.Start, place.Elements);
        return ((nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(bytes)), bytes.Length);
    }

    /// <summary>Parts of some rows of W.</summary>
    /// <param name="Row">First row.</param>
    /// <param name="Rows">Rows.</param>
    /// <param name="Start">First element of the rows.</param>
    /// <param name="Elements">Elements of each; 0 or less for none.</param>
    private readonly record struct WeightPlace(int Row, int Rows, int Start, int Elements);
}
