using Tessera.Backends.Cpu.Emitted;
using Xunit;

namespace Tessera.Tests.Backends.Cpu.Emitted;

/// <summary>A fact that executes emitted code: skipped with the reason where it cannot run.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EmittedVnniFactAttribute : FactAttribute
{
    public EmittedVnniFactAttribute() => Skip = EmittedVnni.Fault is { } fault ? $"Emitted code cannot run here: {fault}."
        : OperatingSystem.IsWindows() ? "Guard pages are not built for Windows." : null;
}
