using Xunit;

namespace Tessera.Tests.Backends.Cpu;

/// <summary>Tests that count what the whole process does; they run while no other test runs.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public static class QuietProcess
{
    public const string Name = "quiet process";
}
