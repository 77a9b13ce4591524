using System.Globalization;
using Tessera.Cuda.Compilation;

namespace GpuCheck.Probes;

/// <summary>A tiny kernel that shows what one instruction, or a few that go together, computes.</summary>
/// <param name="Kernel">Entry point in <paramref name="Source"/>.</param>
/// <param name="Source">File of <c>Kernels</c>; its name begins with the lowest target.</param>
/// <param name="Threads">Threads of a block.</param>
/// <param name="SharedBytes">Shared memory of a block.</param>
/// <param name="Mnemonics">Instructions that a right answer proves.</param>
/// <param name="Data">Makes what goes in and what must come out.</param>
internal sealed record InstructionProbe(
    string Kernel, string Source, int Threads, int SharedBytes, IReadOnlyList<string> Mnemonics, Func<ProbeData> Data)
{
    /// <summary>Targets that probes are compiled for, whatever the device.</summary>
    public static IReadOnlyList<(string Name, int Architecture)> Targets { get; } = [("sm_80", 80), ("sm_89", 89), ("sm_90a", 90)];

    /// <summary>Name of the check; that of the kernel unless a kernel has several.</summary>
    public string Name { get; init; } = Kernel;

    /// <summary>Whether the kernel takes its tensor map by value.</summary>
    public bool TakesMapByValue { get; init; }

    /// <summary>Lowest compute capability times ten.</summary>
    public int Architecture => int.Parse(Source.AsSpan(2, 2), CultureInfo.InvariantCulture);

    /// <summary>Whether only the target of its own architecture has it.</summary>
    public bool IsArchitectureSpecific => Source.AsSpan(4).StartsWith("a_");

    /// <summary>The kernel alone as a module for an architecture; 90 means sm_90a, as the Hopper kernels are compiled.</summary>
    public KernelModule ModuleFor(int architecture) =>
        architecture == 90 || IsArchitectureSpecific
            ? new(Kernel, Source, [], 90, [Kernel]) { IsArchitectureSpecific = true }
            : new(Kernel, Source, [], Architecture, [Kernel]);

    /// <summary>Whether a device can run it.</summary>
    public bool RunsOn(int architecture) => IsArchitectureSpecific ? architecture == Architecture : architecture >= Architecture;
}
