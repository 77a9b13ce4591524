using Xunit;

namespace Tessera.Neural.Tests;

/// <summary>
/// The classical bound of a sum of k products in binary32 in any order, fused or not:
/// <c>|computed - exact| &lt;= (k + 2) u / (1 - (k + 2) u) * sum |x| |w|</c> with u = 2^-24 (Higham, "Accuracy and Stability of Numerical
/// Algorithms", section 3.1); the 2 is for a bias and a residual.
/// </summary>
internal static class SumBound
{
    public static void Require(double[] exact, double[] magnitudes, int terms, float[] actual)
    {
        Assert.Equal(exact.Length, actual.Length);
        double unit = (terms + 2) * Math.Pow(2, -24);
        for (int i = 0; i < exact.Length; i++)
        {
            double bound = unit / (1 - unit) * magnitudes[i];
            Assert.True(
                Math.Abs(actual[i] - exact[i]) <= bound, $"Element {i}: {actual[i]:R} is not within {bound:E3} of {exact[i]:R}.");
        }
    }
}
