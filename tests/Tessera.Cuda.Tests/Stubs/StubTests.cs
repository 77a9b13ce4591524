using Xunit;

namespace Tessera.Cuda.Tests.Stubs;

/// <summary>Tests that share the one stub driver of the process and therefore run one after the other.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class StubTests
{
    public const string Name = "stub driver";
}
