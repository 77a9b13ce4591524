using Tessera.Methods.Fps;
using Tessera.Wan.Sampling;
using Tessera.Wan.SelfAttention;
using Xunit;

namespace Tessera.Wan.Tests.SelfAttention;

public sealed class NoiseTimeTests
{
    [Theory]
    [InlineData(Solver.UniPc)]
    [InlineData(Solver.UniPcDiffusers)]
    [InlineData(Solver.DpmPlusPlus)]
    public void Phases_of_even_levels_are_those_of_the_steps_whatever_the_shift(Solver solver)
    {
        foreach (double shift in new[] { 1.0, 3, 5, 12 })
        {
            SigmaTable table = new(solver, 50, shift);
            for (int step = 0; step < 50; step++)
            {
                // The paper counts executed steps from 1: early up to 10, middle up to 40.
                FpsPhase wanted = step < 10 ? FpsPhase.Early : step < 40 ? FpsPhase.Middle : FpsPhase.Late;
                double time = NoiseTime.Of(table, step);
                Assert.Equal(1 - (step / 50.0), time, 2e-3);
                if (step is not (10 or 40) || solver != Solver.UniPcDiffusers)
                {
                    Assert.Equal(wanted, FpsOptions.Default.PhaseOf(time));
                }
            }
        }
    }

    [Fact]
    public void It_undoes_the_shift()
    {
        foreach (double u in new[] { 0, 0.1, 0.5, 0.9, 1 })
        {
            Assert.Equal(u, NoiseTime.Of(7 * u / (1 + (6 * u)), 7), 1e-12);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => NoiseTime.Of(0.5, 0));
    }
}
