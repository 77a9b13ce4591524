using Tessera.Backends.Cpu.Emitted;
using Xunit;

namespace Tessera.Tests.Backends.Cpu.Emitted;

/// <summary>A fact that executes emitted products of bfloat16: skipped with the reason where they cannot run.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EmittedBFloat16FactAttribute : FactAttribute
{
    public EmittedBFloat16FactAttribute() => Skip = EmittedBFloat16.Fault is { } fault ? $"Emitted code cannot run here: {fault}."
        : OperatingSystem.IsWindows() ? "Guard pages are not built for Windows." : null;
}
