namespace Tessera.Wan.Sampling;

/// <summary>
/// The noise levels of a generation, from the noisiest to 0, and the timestep that the model is given at each. At level sigma a sample is
/// <c>(1 - sigma) x0 + sigma noise</c>. Immutable.
/// </summary>
/// <remarks>
/// <para>Levels s fall in equal steps and are shifted towards noise, <c>s' = shift s / (1 + (shift - 1) s)</c>. All is computed in
/// binary64 and rounded to binary32 once, in the order of the reference code, so that every number is its number:</para>
/// <list type="bullet">
/// <item><c>unipc_wan</c> (Wan2.1, <c>FlowUniPCMultistepScheduler</c>): from 0.999 to 0 in n + 1 points without the last;
/// <c>t = floor(1000 s')</c>.</item>
/// <item><c>dpmpp_wan</c> (Wan2.1, <c>FlowDPMSolverMultistepScheduler</c>): the same from 1.</item>
/// <item><c>unipc_diffusers</c> (diffusers, <c>UniPCMultistepScheduler</c> with flow sigmas): from 1 to 0.001 in n + 1 points without the
/// last; a first level of 1, where the solver's logarithm is infinite, falls by 1e-6; <c>t = floor(1000 s')</c>.</item>
/// <item><c>euler_diffusers</c> (diffusers, <c>FlowMatchEulerDiscreteScheduler</c>): n points from 1 to the <em>shifted</em> 0.001, which
/// are then shifted again; <c>t = 1000 s'</c>, not truncated.</item>
/// </list>
/// </remarks>
public sealed class SigmaTable
{
    /// <summary>Timesteps of the training.</summary>
    public const int TrainingSteps = 1000;

    /// <summary>Smallest shift that is accepted.</summary>
    public const double MinimumShift = 0.01;

    /// <summary>Largest shift that is accepted; beyond it neighbouring levels near 1 would round to one number.</summary>
    public const double MaximumShift = 100;

    private readonly float[] _sigmas;
    private readonly float[] _timesteps;

    /// <summary>Computes the table of a solver.</summary>
    /// <param name="solver">Solver.</param>
    /// <param name="stepCount">Steps n, 1 to <see cref="TrainingSteps"/>.</param>
    /// <param name="shift">Flow shift; 1 leaves the levels evenly spaced, more spends more steps on noise.</param>
    /// <exception cref="ArgumentOutOfRangeException">The steps or the shift are out of range.</exception>
    public SigmaTable(Solver solver, int stepCount, double shift)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(stepCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(stepCount, TrainingSteps);
        if (!(shift is >= MinimumShift and <= MaximumShift))
        {
            throw new ArgumentOutOfRangeException(nameof(shift), shift, $"Wanted a shift from {MinimumShift} to {MaximumShift}.");
        }

        Solver = solver;
        Shift = shift;
        double[] levels = solver switch
        {
            // The reference keeps 0.999 in binary32.
            Solver.UniPc => Spaced(0.999f, 0, stepCount + 1),
            Solver.UniPcDiffusers => Spaced(1, 1.0 / TrainingSteps, stepCount + 1),
            Solver.Euler => EulerLevels(stepCount, (float)shift),
            Solver.DpmPlusPlus => Spaced(1, 0, stepCount + 1),
            _ => throw new ArgumentOutOfRangeException(nameof(solver), solver, "Wanted a solver of the enumeration."),
        };
        _sigmas = new float[stepCount + 1];
        _timesteps = new float[stepCount];
        for (int i = 0; i < stepCount; i++)
        {
            double sigma = Shifted(levels[i], shift);
            if (solver == Solver.UniPcDiffusers && i == 0 && Math.Abs(sigma - 1) < 1e-6)
            {
                sigma -= 1e-6;
            }

            _sigmas[i] = (float)sigma;
            _timesteps[i] = solver == Solver.Euler ? _sigmas[i] * TrainingSteps : (float)Math.Truncate(sigma * TrainingSteps);
        }
    }

    /// <summary>Solver that the table belongs to.</summary>
    public Solver Solver { get; }

    /// <summary>Flow shift.</summary>
    public double Shift { get; }

    /// <summary>Steps n.</summary>
    public int StepCount => _timesteps.Length;

    /// <summary>Noise levels, n + 1 of them; the last is 0.</summary>
    public ReadOnlySpan<float> Sigmas => _sigmas;

    /// <summary>What the model is given at each step, 0 to 1000.</summary>
    public ReadOnlySpan<float> Timesteps => _timesteps;

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Solver.TableName()}, {StepCount} steps, shift {Shift}");

    /// <summary>As numpy's linspace computes it: the last point is exact, the others are multiples of one rounded step.</summary>
    private static double[] Spaced(double first, double last, int count)
    {
        double[] points = new double[count];
        double step = count > 1 ? (last - first) / (count - 1) : 0;
        for (int i = 0; i < count; i++)
        {
            points[i] = (i * step) + first;
        }

        if (count > 1)
        {
            points[^1] = last;
        }

        return points;
    }

    /// <summary>Diffusers spaces timesteps and not levels, down to one that its constructor shifted in binary32 already.</summary>
    private static double[] EulerLevels(int count, float shift)
    {
        float lowest = 1f / TrainingSteps;
        float shifted = shift * lowest / (1 + ((shift - 1) * lowest));
        double[] timesteps = Spaced(TrainingSteps, (double)shifted * TrainingSteps, count);
        return [.. timesteps.Select(static timestep => timestep / TrainingSteps)];
    }

    private static double Shifted(double level, double shift) => shift * level / (1 + ((shift - 1) * level));
}
