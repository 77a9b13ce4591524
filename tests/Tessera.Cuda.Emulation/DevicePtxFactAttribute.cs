using Tessera.TestKit;
using Xunit;

namespace Tessera.Cuda.Emulation;

/// <summary>A test that compiles kernels to PTX: skipped with the reason where clang 19 is missing, failing there in continuous integration.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class DevicePtxFactAttribute : FactAttribute
{
    public DevicePtxFactAttribute() => Skip = DevicePtxTheoryAttribute.Reason;
}

/// <summary>As <see cref="DevicePtxFactAttribute"/>, with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class DevicePtxTheoryAttribute : TheoryAttribute
{
    public DevicePtxTheoryAttribute() => Skip = Reason;

    internal static string? Reason => HostCompiler.ForDevice is not null || TestRoots.IsContinuousIntegration
        ? null
        : "PTX is made with clang-19, which is not installed";
}
