using Tessera.Backends.Cpu.Costs;
using Xunit;

namespace Tessera.Tests.Backends.Cpu.Costs;

public sealed class NonNegativeLeastSquaresTests
{
    [Fact]
    public void Exact_systems_are_solved()
    {
        double[][] rows = [[1, 0, 2], [0, 3, 1], [1, 1, 1], [2, 0, 1]];
        double[] truth = [2, 0.5, 3];
        double[] targets = [.. rows.Select(row => row.Zip(truth, static (left, right) => left * right).Sum())];

        double[] found = NonNegativeLeastSquares.Solve(rows, targets);

        for (int i = 0; i < truth.Length; i++)
        {
            Assert.Equal(truth[i], found[i], 1e-6);
        }
    }

    // Without the bound the second unknown would be -1, and the first 2.
    [Fact]
    public void Unknowns_that_would_be_negative_are_zero_and_the_others_fitted_anew()
    {
        double[] found = NonNegativeLeastSquares.Solve([[1, 1], [1, 2]], [1, 0]);

        Assert.Equal(0, found[1]);
        Assert.Equal(0.5, found[0], 1e-9);
    }

    [Fact]
    public void Columns_without_an_entry_are_zero() =>
        Assert.Equal([2.0, 0.0], NonNegativeLeastSquares.Solve([[1, 0], [2, 0]], [2, 4]).Select(static value => Math.Round(value, 9)));

    [Fact]
    public void Columns_of_very_different_size_are_found_alike()
    {
        double[] found = NonNegativeLeastSquares.Solve([[1e9, 1], [2e9, 5], [3e9, 1]], [1e9 * 2e-9 + 3, 2e9 * 2e-9 + 15, 3e9 * 2e-9 + 3]);

        Assert.Equal(2e-9, found[0], 1e-14);
        Assert.Equal(3, found[1], 1e-5);
    }
}
