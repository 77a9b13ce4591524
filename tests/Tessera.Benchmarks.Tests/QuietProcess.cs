using Xunit;

namespace Tessera.Benchmarks.Tests;

/// <summary>Tests that count what the whole process allocates, and so run beside no others.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public static class QuietProcess
{
    public const string Name = "quiet process";
}
