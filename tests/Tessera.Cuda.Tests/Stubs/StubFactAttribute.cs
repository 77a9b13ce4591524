using Tessera.TestKit;
using Xunit;

namespace Tessera.Cuda.Tests.Stubs;

/// <summary>A test over the stub driver; skipped with the reason where gcc is missing, and failing there in continuous integration.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class StubFactAttribute : FactAttribute
{
    public StubFactAttribute() => Skip = StubTheoryAttribute.Reason;
}

/// <summary>As <see cref="StubFactAttribute"/>, with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class StubTheoryAttribute : TheoryAttribute
{
    public StubTheoryAttribute() => Skip = Reason;

    internal static string? Reason => TestRoots.IsContinuousIntegration ? null : StubLibraries.Fault;
}
