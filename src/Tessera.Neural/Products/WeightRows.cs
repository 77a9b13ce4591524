using Tessera.Backends.Cpu.Isa;
using Tessera.Backends.Cpu.Packing;
using Tessera.Serialization;

namespace Tessera.Neural.Products;

/// <summary>Reads parts of a stored matrix as binary32, and packs them.</summary>
internal static unsafe class WeightRows<TIsa, TVector>
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
{
    /// <summary>
    /// Packs part of a matrix into a panel: <c>panel[k * width + j] = W[row + j, start + k]</c>, zeros for rows that do not exist.
    /// </summary>
    /// <param name="weight">W.</param>
    /// <param name="row">First row.</param>
    /// <param name="start">First element of the rows.</param>
    /// <param name="count">Elements of each row.</param>
    /// <param name="panel">Receives <paramref name="count"/> times <paramref name="width"/> floats.</param>
    /// <param name="width">Columns of the panel; a multiple of four.</param>
    /// <param name="widened">Room for four rows.</param>
    public static void PackPanel(StoredTensor weight, int row, int start, int count, float* panel, int width, float* widened)
    {
        int rows = (int)Math.Min(width, weight.Rows - row);
        if (weight.DataType == TensorDataType.Float32)
        {
            fixed (byte* source = InPlace(weight, row, rows, start, count))
            {
                RowPanel.Pack((float*)source, (nint)weight.RowLength, rows, count, panel, width);
            }

            return;
        }

        for (int j = 0; j < width; j += RowPanel.Together)
        {
            int some = Math.Clamp(rows - j, 0, RowPanel.Together);
            Read(weight, row + j, some, start, count, widened, count);
            new Span<float>(widened + ((long)some * count), (RowPanel.Together - some) * count).Clear();
            Transposition.FourRows(
                widened, widened + count, widened + (2L * count), widened + (3L * count), count, panel + j, width);
        }
    }

    /// <summary>Parts of binary32 rows where they lie; the first of them as a span, whose end does not bound the others.</summary>
    public static ReadOnlySpan<byte> InPlace(StoredTensor weight, int row, int rows, int start, int count)
    {
        // Checked for the last row too: all of them lie inside the tensor.
        _ = weight.Bytes(((row + rows - 1) * weight.RowLength) + start, count);
        return weight.Bytes((row * weight.RowLength) + start, count);
    }

    /// <summary>Parts of some rows as binary32.</summary>
    /// <param name="weight">W.</param>
    /// <param name="row">First row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="start">First element of the rows.</param>
    /// <param name="count">Elements of each row.</param>
    /// <param name="destination">First element of the first row.</param>
    /// <param name="stride">Floats between rows of the destination.</param>
    public static void Read(StoredTensor weight, int row, int rows, int start, int count, float* destination, nint stride)
    {
        for (int i = 0; i < rows; i++)
        {
            long element = ((row + i) * weight.RowLength) + start;
            float* target = destination + (i * stride);
            switch (weight.DataType)
            {
                case TensorDataType.BFloat16:
                    fixed (byte* source = weight.Bytes(element, count))
                    {
                        RowLoading<TIsa, TVector>.WidenBFloat16((ushort*)source, target, count);
                    }

                    break;
                case TensorDataType.Float16:
                    fixed (byte* source = weight.Bytes(element, count))
                    {
                        RowLoading<TIsa, TVector>.WidenBinary16((ushort*)source, target, count);
                    }

                    break;
                default:
                    weight.ReadSingle(element, new Span<float>(target, count));
                    break;
            }
        }
    }
}
