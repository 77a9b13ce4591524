namespace Tessera.Benchmarks.Timing;

/// <summary>One way to compute one attention call, which can be timed one run at a time.</summary>
internal interface IContestant : IDisposable
{
    string Name { get; }

    /// <summary>Share of blocks computed; 1 for dense.</summary>
    double Density { get; }

    /// <summary>Times one run.</summary>
    Sample Run();
}
