using Tessera.Layout;
using Tessera.Methods.Paro;
using Tessera.Synthesis;
using Xunit;

namespace Tessera.Tests.Methods.Paro;

public class LocalityTableTests
{
    [Fact]
    public void Table_reproduces_the_recorded_figures()
    {
        foreach (LocalityTableRow row in LocalityTable.Compute())
        {
            // Recorded to three digits by a program in another language: equal to half a unit of the last digit.
            Assert.True(row.PrintedOrder == row.Published.PrintedOrder, $"{row}");
            Assert.True(row.CorrectedOrder == row.Published.CorrectedOrder, $"{row}");
            Assert.Equal(row.Published.PrintedMass, row.PrintedMass, 5.01e-4);
            Assert.Equal(row.Published.CorrectedMass, row.CorrectedMass, 5.01e-4);
            Assert.Equal(row.Published.BestMass, row.BestMass, 5.01e-4);
            Assert.Equal(row.Published.TileMass, row.TileMass, 5.01e-4);
        }
    }

    [Fact]
    public void Rows_of_the_analytic_map_sum_to_one()
    {
        GaussianLocality map = new(new TokenGrid(3, 4, 5), 1.5, GridAxis.Width);
        for (int query = 0; query < map.Grid.Tokens; query++)
        {
            double sum = 0;
            for (int key = 0; key < map.Grid.Tokens; key++)
            {
                sum += map.Probability(query, key);
            }

            Assert.Equal(1, sum, 1e-12);
        }
    }

    [Fact]
    public void A_grid_with_text_has_no_analytic_map() =>
        Assert.Equal("grid", Assert.Throws<ArgumentException>(() => new GaussianLocality(new TokenGrid(3, 4, 5, 2, TextPlacement.Front), 1)).ParamName);
}
