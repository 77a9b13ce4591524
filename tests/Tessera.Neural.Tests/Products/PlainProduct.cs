using Tessera.TestKit;

namespace Tessera.Neural.Tests.Products;

/// <summary><c>X W^T + b</c> in binary64 by plain loops, and the operands that tests multiply.</summary>
internal static class PlainProduct
{
    /// <summary>Sums, and the sums of the magnitudes of their terms, which bound rounding.</summary>
    public static (double[] Sums, double[] Magnitudes) Of(float[] x, float[] w, float[] b, int rows, int inner, int columns)
    {
        double[] sums = new double[rows * columns];
        double[] magnitudes = new double[sums.Length];
        for (int i = 0; i < sums.Length; i++)
        {
            (int row, int column) = (i / columns, i % columns);
            (sums[i], magnitudes[i]) = (b[column], Math.Abs(b[column]));
            for (int k = 0; k < inner; k++)
            {
                double term = (double)x[(row * inner) + k] * w[(column * inner) + k];
                sums[i] += term;
                magnitudes[i] += Math.Abs(term);
            }
        }

        return (sums, magnitudes);
    }

    /// <summary>Numbers of a seed, normally distributed.</summary>
    public static float[] Normal(int seed, int count)
    {
        float[] values = new float[count];
        SeededInputs.FillNormal(new Random(seed), values);
        return values;
    }
}
