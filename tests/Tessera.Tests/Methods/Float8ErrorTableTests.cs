using Tessera.Backends.Cpu;
using Tessera.Methods.Fps;
using Xunit;

namespace Tessera.Tests.Methods;

public sealed class Float8ErrorTableTests
{
    // What the table shows must hold at any size; a twelfth of it keeps the run without vector instructions short.
    [Fact]
    public void The_table_shows_what_it_claims()
    {
        Float8ErrorRow[] rows = [.. Float8ErrorTable.Measure(CpuBackend.Shared, new Float8ErrorOptions { Queries = 128, Keys = 2304 })];
        Assert.Equal(20, rows.Length);
        double[] gaussian = [.. rows.Take(6).Select(static row => row.Measured)];
        Assert.True(gaussian.Max() < 1.2 * gaussian.Min(), "the scale group hardly matters on plain data");
        double[] outliers = [.. rows.Skip(6).Take(6).Select(static row => row.Measured)];
        Assert.True(outliers[0] < outliers.Skip(1).Min(), "with outliers a scale per token pays");
        (double plain, double smooth, double hadamard, double both) = (rows[12].Measured, rows[13].Measured, rows[14].Measured, rows[15].Measured);
        Assert.True(smooth < plain && hadamard < 0.5 * smooth && both < 0.5 * smooth, $"plain {plain}, smoothed {smooth}, Hadamard {hadamard}, both {both}");
        Assert.InRange(rows[17].Measured / rows[16].Measured, 0.97, 1.03);
        Assert.True(rows[18].Measured < rows[16].Measured, "quantising P costs something");
        Assert.InRange(rows[19].Measured, 0.6, 0.8);
    }
}
