namespace Tessera.Backends.Cpu.Costs;

/// <summary>
/// min |A x - b| with x >= 0, by cyclic coordinate descent on the normal equations: each step is the exact minimum in one unknown, cut at
/// zero. Small and dense; a cost cannot be negative.
/// </summary>
internal static class NonNegativeLeastSquares
{
    private const int Sweeps = 20_000;
    private const double Tolerance = 1e-10;

    /// <summary>Solves; columns that are zero everywhere give 0.</summary>
    /// <param name="rows">Rows of A.</param>
    /// <param name="targets">b, one a row.</param>
    public static double[] Solve(IReadOnlyList<double[]> rows, ReadOnlySpan<double> targets)
    {
        int unknowns = rows[0].Length;
        double[] scale = new double[unknowns];
        foreach (double[] row in rows)
        {
            for (int i = 0; i < unknowns; i++)
            {
                scale[i] += row[i] * row[i];
            }
        }

        for (int i = 0; i < unknowns; i++)
        {
            scale[i] = Math.Sqrt(scale[i]);
        }

        double[,] gram = new double[unknowns, unknowns];
        double[] right = new double[unknowns];
        for (int r = 0; r < rows.Count; r++)
        {
            for (int i = 0; i < unknowns; i++)
            {
                double left = scale[i] > 0 ? rows[r][i] / scale[i] : 0;
                right[i] += left * targets[r];
                for (int j = 0; j < unknowns; j++)
                {
                    gram[i, j] += scale[j] > 0 ? left * rows[r][j] / scale[j] : 0;
                }
            }
        }

        double[] solution = Descend(gram, right);
        for (int i = 0; i < unknowns; i++)
        {
            solution[i] = scale[i] > 0 ? solution[i] / scale[i] : 0;
        }

        return solution;
    }

    private static double[] Descend(double[,] gram, double[] right)
    {
        double[] x = new double[right.Length];
        double[] residual = [.. right];
        for (int sweep = 0; sweep < Sweeps; sweep++)
        {
            double moved = 0;
            double size = 0;
            for (int i = 0; i < x.Length; i++)
            {
                if (gram[i, i] <= 0)
                {
                    continue;
                }

                double step = Math.Max(-x[i], residual[i] / gram[i, i]);
                x[i] += step;
                for (int j = 0; step != 0 && j < x.Length; j++)
                {
                    residual[j] -= gram[i, j] * step;
                }

                moved = Math.Max(moved, Math.Abs(step));
                size = Math.Max(size, Math.Abs(x[i]));
            }

            if (moved <= Tolerance * size)
            {
                break;
            }
        }

        return x;
    }
}
