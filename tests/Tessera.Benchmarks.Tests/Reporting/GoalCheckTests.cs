using Tessera.Benchmarks.Reporting;
using Xunit;

namespace Tessera.Benchmarks.Tests.Reporting;

public sealed class GoalCheckTests
{
    [Theory]
    [InlineData(2, 2, false, true)]
    [InlineData(2, 1.999, false, false)]
    [InlineData(5, 5, true, true)]
    [InlineData(5, 5.001, true, false)]
    [InlineData(5, double.NaN, true, false)]
    public void Goals_are_floors_or_ceilings(double wanted, double reached, bool isCeiling, bool isMet) =>
        Assert.Equal(isMet, new GoalCheck("case", wanted, reached, "x", isCeiling).IsMet);
}
