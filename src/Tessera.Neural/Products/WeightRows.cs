using Tessera.Backends.Cpu.Packing;
using Tessera.Serialization;

namespace Tessera.Neural.Products;

/// <summary>Reads parts of a stored matrix as binary32 and packs them.</summary>
internal static unsafe class WeightRows
{
    /// <summary>Rows that are widened and transposed together.</summary>
    public const int Together = 4;

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
        for (int j = 0; j < width; j += Together)
        {
            if (j + Together <= rows && weight.DataType == TensorDataType.Float32)
            {
                nint stride = (nint)weight.RowLength;
                fixed (byte* source = weight.Bytes(((row + j) * weight.RowLength) + start, count))
                {
                    // Bytes checks the first row; all four lie inside the same mapped tensor.
                    float* first = (float*)source;
                    Transposition.FourRows(
                        first, first + stride, first + (2 * stride), first + (3 * stride), count, panel + j, width);
                }

                continue;
            }

            for (int i = 0; i < Together; i++)
            {
                Span<float> part = new(widened + ((long)i * count), count);
                if (j + i < rows)
                {
                    Read(weight, row + j + i, start, part);
                }
                else
                {
                    part.Clear();
                }
            }

            Transposition.FourRows(
                widened, widened + count, widened + (2L * count), widened + (3L * count), count, panel + j, width);
        }
    }

    /// <summary>Part of one row as binary32.</summary>
    public static void Read(StoredTensor weight, int row, int start, Span<float> destination)
    {
        weight.ReadSingle((row * weight.RowLength) + start, destination);
    }
}
