using Tessera.Backends.Cpu.Packing;

namespace Tessera.Neural.Products;

/// <summary>Packs rows of binary32 into a panel.</summary>
internal static unsafe class RowPanel
{
    /// <summary>Rows that are transposed together.</summary>
    public const int Together = 4;

    /// <summary><c>panel[k * width + j] = rows[j * stride + k]</c>, zeros for rows that do not exist.</summary>
    /// <param name="rows">First element of the first row.</param>
    /// <param name="stride">Floats between rows.</param>
    /// <param name="count">Rows that exist, at most <paramref name="width"/>.</param>
    /// <param name="length">Elements of a row.</param>
    /// <param name="panel">Receives <paramref name="length"/> times <paramref name="width"/> floats.</param>
    /// <param name="width">Columns of the panel; a multiple of four.</param>
    public static void Pack(float* rows, nint stride, int count, int length, float* panel, int width)
    {
        int j = 0;
        for (; j + Together <= count; j += Together)
        {
            float* row = rows + (j * stride);
            Transposition.FourRows(row, row + stride, row + (2 * stride), row + (3 * stride), length, panel + j, width);
        }

        if (j == width)
        {
            return;
        }

        for (int k = 0; k < length; k++)
        {
            float* lanes = panel + ((long)k * width);
            for (int lane = j; lane < width; lane++)
            {
                lanes[lane] = lane < count ? rows[(lane * stride) + k] : 0;
            }
        }
    }
}
