using System.Runtime.Intrinsics;
using Tessera.Backends.Cpu.Isa;
using Tessera.Backends.Cpu.Packing;
using Tessera.Serialization;

namespace Tessera.Neural.Products;

/// <summary>Packs parts of a stored matrix as pairs of bfloat16.</summary>
internal static unsafe class BFloat16Weights
{
    /// <summary>
    /// Packs part of a matrix into a panel: <c>panel[p * width + j] = (W[row + j, 2 (start + p)], W[row + j, 2 (start + p) + 1])</c>, zeros
    /// for what does not exist. Bfloat16 of an even row length is moved as it lies.
    /// </summary>
    /// <param name="weight">W.</param>
    /// <param name="row">First row.</param>
    /// <param name="start">First pair of the rows.</param>
    /// <param name="count">Pairs of each row.</param>
    /// <param name="panel">Receives <paramref name="count"/> times <paramref name="width"/> pairs.</param>
    /// <param name="width">Columns of the panel; a multiple of four.</param>
    /// <param name="widened">Room for a row of numbers and four of pairs: six times <paramref name="count"/>.</param>
    public static void PackPanel(StoredTensor weight, int row, int start, int count, float* panel, int width, float* widened)
    {
        int rows = (int)Math.Min(width, weight.Rows - row);
        if (weight.DataType == TensorDataType.BFloat16 && weight.RowLength % 2 == 0)
        {
            fixed (byte* source = WeightRows<Isa512, Vector512<float>>.InPlace(weight, row, rows, 2 * start, 2 * count))
            {
                RowPanel.Pack((float*)source, (nint)weight.RowLength / 2, rows, count, panel, width);
            }

            return;
        }

        int numbers = (int)Math.Min(2L * count, weight.RowLength - (2L * start));
        float* pairs = widened + (2L * count);
        for (int j = 0; j < width; j += RowPanel.Together)
        {
            for (int i = 0; i < RowPanel.Together; i++)
            {
                float* target = pairs + ((long)i * count);
                if (j + i >= rows)
                {
                    new Span<float>(target, count).Clear();
                    continue;
                }

                WeightRows<Isa512, Vector512<float>>.Read(weight, row + j + i, 1, 2 * start, numbers, widened, numbers);
                BFloat16Rounding.RoundPairs(widened, numbers, target);
            }

            Transposition.FourRows(pairs, pairs + count, pairs + (2L * count), pairs + (3L * count), count, panel + j, width);
        }
    }
}
