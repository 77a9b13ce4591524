namespace Tessera.Wan.Sampling;

/// <summary>
/// Carries a sample from noise to video: at each step the model says the velocity at the sample, and the sampler moves the sample to the
/// next noise level. Coefficients are binary64, samples binary32. Not thread-safe; the result depends on nothing but its arguments.
/// </summary>
/// <remarks>The model predicts <c>v = noise - x0</c>, so at level sigma the video that it sees is <c>x0 = x - sigma v</c>.</remarks>
public abstract class Sampler
{
    private readonly string[] _names;
    private float[][] _history = [];

    private protected Sampler(SigmaTable table, params string[] history)
    {
        ArgumentNullException.ThrowIfNull(table);
        Table = table;
        _names = history;
    }

    /// <summary>Noise levels and timesteps.</summary>
    public SigmaTable Table { get; }

    /// <summary>Steps done.</summary>
    public int Step { get; private set; }

    /// <summary>Whether the sample is free of noise.</summary>
    public bool IsFinished => Step == Table.StepCount;

    /// <summary>The timestep at which the model must look at the sample now.</summary>
    /// <exception cref="InvalidOperationException">All steps are done.</exception>
    public float Timestep
    {
        get
        {
            RequireUnfinished();
            return Table.Timesteps[Step];
        }
    }

    /// <summary>The sampler of a table's solver, before its first step.</summary>
    public static Sampler Create(SigmaTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        return table.Solver switch
        {
            Solver.Euler => new EulerSampler(table),
            Solver.DpmPlusPlus => new DpmPlusPlusSampler(table),
            _ => new UniPcSampler(table),
        };
    }

    /// <summary>Moves the sample to the next noise level.</summary>
    /// <param name="velocity">What the model predicts at the sample and <see cref="Timestep"/>.</param>
    /// <param name="sample">Sample; replaced.</param>
    /// <exception cref="ArgumentException">The lengths differ from each other or from those of earlier steps.</exception>
    /// <exception cref="InvalidOperationException">All steps are done.</exception>
    public void Advance(ReadOnlySpan<float> velocity, Span<float> sample)
    {
        RequireUnfinished();
        if (velocity.Length != sample.Length)
        {
            throw new ArgumentException(
                $"The velocity has {velocity.Length} numbers, the sample {sample.Length}; wanted as many.", nameof(velocity));
        }

        RequireHistory(sample.Length);
        Update(Step, velocity, sample, _history);
        Step++;
    }

    /// <summary>A copy of all that the sampler remembers.</summary>
    public SamplerState Save() => new(
        Step, _names.Zip(_history, static (name, values) => (name, values)).ToDictionary(
            static pair => pair.name, static pair => pair.values.ToArray(), StringComparer.Ordinal));

    /// <summary>Goes on where another sampler of an equal table stopped.</summary>
    /// <exception cref="ArgumentException">The state is that of another solver, or of more steps.</exception>
    public void Restore(SamplerState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        string[] wanted = state.Step == 0 ? [] : _names;
        if (state.Step < 0 || state.Step > Table.StepCount || !wanted.Order(StringComparer.Ordinal).SequenceEqual(
            state.History.Keys.Order(StringComparer.Ordinal)))
        {
            throw new ArgumentException(
                $"The state is that of step {state.Step} with {string.Join(", ", state.History.Keys.DefaultIfEmpty("nothing"))}; "
                    + $"{Table} wanted a step up to {Table.StepCount} with {string.Join(", ", wanted.DefaultIfEmpty("nothing"))}.",
                nameof(state));
        }

        if (state.History.Values.Select(static values => values.Length).Distinct().Count() > 1)
        {
            throw new ArgumentException("The tensors of the state differ in length; wanted one length.", nameof(state));
        }

        _history = [.. wanted.Select(name => state.History[name].ToArray())];
        Step = state.Step;
    }

    /// <summary>ln of the signal-to-noise ratio, <c>ln(1 - sigma) - ln(sigma)</c>, the time in which the solvers' integrals are
    /// exact.</summary>
    private protected double LogRatio(int index)
    {
        double sigma = Table.Sigmas[index];
        return Math.Log(1 - sigma) - Math.Log(sigma);
    }

    /// <summary>One step.</summary>
    /// <param name="step">Steps done before.</param>
    /// <param name="velocity">Velocity.</param>
    /// <param name="sample">Sample in and out.</param>
    /// <param name="history">The named tensors; zeros at step 0.</param>
    private protected abstract void Update(int step, ReadOnlySpan<float> velocity, Span<float> sample, float[][] history);

    private void RequireHistory(int length)
    {
        if (_history.Length == 0)
        {
            _history = [.. _names.Select(_ => new float[length])];
        }

        if (_names.Length > 0 && _history[0].Length != length)
        {
            throw new ArgumentException($"The sample has {length} numbers, that of earlier steps {_history[0].Length}.", nameof(length));
        }
    }

    private void RequireUnfinished()
    {
        if (IsFinished)
        {
            throw new InvalidOperationException($"All {Table.StepCount} steps are done; make a new sampler.");
        }
    }
}
