using System.Globalization;
using Tessera.Serialization;
using Tessera.TestKit;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.Sampling;
using Xunit;

namespace Tessera.Wan.Tests.Sampling;

public sealed class SamplerTests
{
    private const string Fixture = "wan/sched/sched.safetensors";

    /// <summary>What the recording calls reachable in binary32; the reference computes its coefficients there.</summary>
    private const double Tolerance = 2e-5;

    public static TheoryData<Solver> All => [.. Enum.GetValues<Solver>()];

    [DataFact(Fixture, isFixture: true)]
    public void Trajectories_are_those_recorded()
    {
        using SafetensorsFile file = Open(out int steps, out double shift);
        foreach (Solver solver in Enum.GetValues<Solver>())
        {
            string name = $"traj.{solver.TableName()}";
            Sampler sampler = Sampler.Create(new SigmaTable(solver, steps, shift));
            float[] sample = file.ReadSingle("toy.x_init");
            for (int step = 0; step < steps; step++)
            {
                Close(file, $"{name}.x", step, sample);
                float[] velocity = Velocity(file, sample, sampler.Timestep);
                Close(file, $"{name}.v", step, velocity);
                sampler.Advance(velocity, sample);
                if (sampler is UniPcSampler unipc)
                {
                    Assert.Equal(file.ReadArray<int>($"{name}.order")[step], unipc.OrderOf(step));
                    SamplerState state = sampler.Save();
                    Close(file, $"{name}.x0_pred", step, state.History["prediction"]);
                    Close(file, $"{name}.x_corrected", step, state.History["corrected"]);
                }
            }

            Assert.True(sampler.IsFinished);
            Golden.Close(file.Tensor($"{name}.x_final"), sample, Tolerance);
        }
    }

    /// <summary>The flow dx/dsigma = a x has an exact solution: Euler converges to it with order 1, the others come much closer.</summary>
    [Theory]
    [InlineData(Solver.DpmPlusPlus)]
    [InlineData(Solver.UniPc)]
    [InlineData(Solver.UniPcDiffusers)]
    public void Solvers_of_order_2_come_closer_than_Euler(Solver solver)
    {
        foreach (int steps in new[] { 20, 40, 80 })
        {
            double euler = Error(Solver.Euler, steps);
            Assert.InRange(Error(Solver.Euler, 2 * steps), 0.45 * euler, 0.55 * euler);
            Assert.InRange(Error(solver, steps), 0, euler / 4);
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_restored_sampler_goes_on_with_the_same_bits(Solver solver)
    {
        SigmaTable table = new(solver, 9, 3);
        for (int stop = 0; stop <= table.StepCount; stop++)
        {
            float[] whole = LatentNoise.FromSeed(new LatentShape(1, 1, 2), 5);
            float[] parts = [.. whole];
            Sampler first = Sampler.Create(table);
            Run(first, whole, table.StepCount);
            Sampler begun = Sampler.Create(table);
            Run(begun, parts, stop);
            Sampler resumed = Sampler.Create(new SigmaTable(solver, 9, 3));
            resumed.Restore(begun.Save());
            Assert.Equal(stop, resumed.Step);
            Run(begun, [.. parts], table.StepCount - stop);
            Run(resumed, parts, table.StepCount - stop);
            NumericAssert.BitwiseEqual(whole, parts);
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void The_last_step_ends_at_the_predicted_video(Solver solver)
    {
        Sampler sampler = Sampler.Create(new SigmaTable(solver, 1, 5));
        float[] sample = [0.5f, -2, 3];
        float[] velocity = [1, 2, -1];
        float sigma = sampler.Table.Sigmas[0];
        float[] expected = [.. sample.Zip(velocity, (x, v) => (float)(x - ((double)sigma * v)))];
        sampler.Advance(velocity, sample);
        Assert.Equal(expected, sample);
        Assert.Throws<InvalidOperationException>(() => sampler.Advance(velocity, sample));
        Assert.Throws<InvalidOperationException>(() => sampler.Timestep);
    }

    [Fact]
    public void Lengths_and_states_that_do_not_fit_are_refused()
    {
        Sampler sampler = Sampler.Create(new SigmaTable(Solver.UniPc, 4, 5));
        Assert.Throws<ArgumentException>(() => sampler.Advance(new float[3], new float[4]));
        sampler.Advance(new float[4], new float[4]);
        Assert.Throws<ArgumentException>(() => sampler.Advance(new float[3], new float[3]));
        SamplerState state = sampler.Save();
        Assert.Throws<ArgumentException>(() => Sampler.Create(new SigmaTable(Solver.Euler, 4, 5)).Restore(state));
        Assert.Throws<ArgumentException>(() => Sampler.Create(new SigmaTable(Solver.UniPc, 4, 5)).Restore(state with { Step = 5 }));
        Assert.Throws<ArgumentException>(() => Sampler.Create(new SigmaTable(Solver.UniPc, 4, 5)).Restore(state with { Step = -1 }));
        Dictionary<string, float[]> ragged = new(state.History) { ["corrected"] = [1] };
        Assert.Throws<ArgumentException>(() => Sampler.Create(new SigmaTable(Solver.UniPc, 4, 5)).Restore(state with { History = ragged }));
    }

    [Fact]
    public void Guidance_moves_away_from_the_negative_prompt()
    {
        float[] conditional = [1, 2, -1];
        ClassifierFreeGuidance.Combine(conditional, [0.5f, 2, 1], 5);
        Assert.Equal([3, 2, -9], conditional);
        Assert.Throws<ArgumentException>(() => ClassifierFreeGuidance.Combine(conditional, new float[2], 5));
        Assert.True(ClassifierFreeGuidance.NeedsUnconditional(1.5));
        Assert.False(ClassifierFreeGuidance.NeedsUnconditional(1));
    }

    private static SafetensorsFile Open(out int steps, out double shift)
    {
        SafetensorsFile file = SafetensorsFile.Open(Path.Combine(TestRoots.Fixtures, Fixture));
        steps = int.Parse(file.Metadata["n"], CultureInfo.InvariantCulture);
        shift = double.Parse(file.Metadata["shift"], CultureInfo.InvariantCulture);
        return file;
    }

    private static float[] Velocity(SafetensorsFile file, float[] sample, float timestep)
    {
        float[] a = file.ReadSingle("toy.A");
        float[] b = file.ReadSingle("toy.B");
        return [.. sample.Select((x, i) => (float)(((double)a[i] * x) + (b[i] * timestep / 1000.0) + (0.25 * Math.Sin(3.0 * x))))];
    }

    private static void Close(SafetensorsFile file, string name, int step, float[] actual)
    {
        float[] expected = new float[actual.Length];
        file.ReadSingle(name, (long)step * actual.Length, expected);
        double largest = Golden.LargestDifference(expected, actual);
        Assert.True(largest <= Tolerance, $"{name}[{step}] differs by {largest:g3}, at most {Tolerance:g3} is allowed");
    }

    // dx/dsigma = a x from the first level to 0: x = x1 exp(-a sigma_0).
    private static double Error(Solver solver, int steps)
    {
        const double A = 0.7;
        Sampler sampler = Sampler.Create(new SigmaTable(solver, steps, 1));
        float[] sample = [1];
        double exact = Math.Exp(-A * sampler.Table.Sigmas[0]);
        while (!sampler.IsFinished)
        {
            sampler.Advance([(float)(A * sample[0])], sample);
        }

        return Math.Abs(sample[0] - exact);
    }

    private static void Run(Sampler sampler, float[] sample, int steps)
    {
        for (int i = 0; i < steps; i++)
        {
            float timestep = sampler.Timestep;
            sampler.Advance([.. sample.Select(x => (0.8f * x) + MathF.Sin(3 * x) + (timestep / 2000))], sample);
        }
    }
}
