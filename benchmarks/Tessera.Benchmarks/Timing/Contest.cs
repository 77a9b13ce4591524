using Tessera.Attention;
using Tessera.Cli.Inputs;

namespace Tessera.Benchmarks.Timing;

/// <summary>Contestants over the same tensors. Ours share one output, so that nobody's memory is warmer than another's.</summary>
internal sealed class Contest(HeadTensors tensors) : IDisposable
{
    private readonly List<IContestant> _contestants = [];

    public HeadTensors Tensors => tensors;

    /// <summary>The output that the last run of ours wrote.</summary>
    public float[] Output { get; } = new float[tensors.Query.Length];

    public IReadOnlyList<IContestant> Contestants => _contestants;

    /// <summary>Adds a contestant, which the contest disposes.</summary>
    public void Add(IContestant contestant) => _contestants.Add(contestant);

    /// <summary>Adds a plan on a backend.</summary>
    public void Add(string name, AttentionPlan plan, IAttentionBackend backend) =>
        _contestants.Add(new KernelContestant(name, plan, backend, tensors, Output));

    /// <summary>Figures of each contestant, in the order in which they were added.</summary>
    public RunTimes[] Time(int rounds, CancellationToken cancellationToken) =>
        Interleaving.Time(_contestants, rounds, cancellationToken);

    /// <summary>Samples of each contestant, in the order in which they were added.</summary>
    public IReadOnlyList<Sample>[] Run(int rounds, CancellationToken cancellationToken) =>
        Interleaving.Run(_contestants, rounds, cancellationToken);

    public void Dispose() => _contestants.ForEach(static contestant => contestant.Dispose());
}
