using System.Runtime.CompilerServices;

namespace Tessera.Methods.Sparge;

/// <summary>The largest entries of a row, equal ones by ascending index, without sorting it.</summary>
internal static class TopBlocks
{
    /// <summary>Sets the bits of the <paramref name="count"/> largest values.</summary>
    /// <param name="values">The row.</param>
    /// <param name="count">How many, at least 1; all of them when more.</param>
    /// <param name="scratch">At least as many elements as the row.</param>
    /// <param name="bits">One bit a value.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(ReadOnlySpan<double> values, int count, Span<double> scratch, Span<ulong> bits)
    {
        double least = double.NegativeInfinity;
        int equal = values.Length;
        if (count < values.Length)
        {
            Span<double> copy = scratch[..values.Length];
            values.CopyTo(copy);
            least = KthLargest(copy, count);
            equal = count;
            foreach (double value in values)
            {
                equal -= value > least ? 1 : 0;
            }
        }

        for (int index = 0; index < values.Length; index++)
        {
            bool taken = values[index] > least || (values[index] == least && equal-- > 0);
            bits[index >> 6] |= taken ? 1UL << (index & 63) : 0;
        }
    }

    /// <summary>Hoare's selection; the span is left in another order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double KthLargest(Span<double> values, int k)
    {
        int target = values.Length - k;
        int low = 0;
        int high = values.Length - 1;
        while (low < high)
        {
            double pivot = MedianOf(values[low], values[(low + high) / 2], values[high]);
            int left = low;
            int right = high;
            while (left <= right)
            {
                while (values[left] < pivot)
                {
                    left++;
                }

                while (values[right] > pivot)
                {
                    right--;
                }

                if (left <= right)
                {
                    (values[left], values[right]) = (values[right], values[left]);
                    left++;
                    right--;
                }
            }

            if (target <= right)
            {
                high = right;
            }
            else if (target >= left)
            {
                low = left;
            }
            else
            {
                return values[target];
            }
        }

        return values[target];
    }

    private static double MedianOf(double a, double b, double c) => Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
}
