using Tessera.Attention;

namespace Tessera.Benchmarks.Peers;

/// <summary>Something that computes dense-equivalent attention of a shape and can be timed one run at a time.</summary>
internal interface IContestant : IDisposable
{
    string Name { get; }

    /// <summary>Blocks computed, 0..1; 1 for dense.</summary>
    double Density { get; }

    /// <summary>Times one run. The first call of a shape may do extra, untimed warm-up.</summary>
    Sample Run(AttentionShape shape);
}
