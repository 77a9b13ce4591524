using Tessera.TestKit;
using Xunit;

namespace Tessera.Cuda.Emulation;

/// <summary>
/// A test on the emulated device: skipped with the reason where no C++ compiler is, failing there in continuous integration.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EmulatedFactAttribute : FactAttribute
{
    public EmulatedFactAttribute() => Skip = EmulatedTheoryAttribute.Reason;
}

/// <summary>As <see cref="EmulatedFactAttribute"/>, with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EmulatedTheoryAttribute : TheoryAttribute
{
    public EmulatedTheoryAttribute() => Skip = Reason;

    internal static string? Reason => HostCompiler.ForHost is not null || TestRoots.IsContinuousIntegration
        ? null
        : "the emulated device is built with g++ or clang++, and neither is installed";
}
