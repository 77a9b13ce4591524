namespace Tessera.Wan.Pipeline;

/// <summary>Where a generation ran.</summary>
/// <param name="Runtime">.NET.</param>
/// <param name="OperatingSystem">Operating system.</param>
/// <param name="Architecture">Processor architecture.</param>
/// <param name="InstructionSet">Vector width of the kernels; results differ in their last bits between widths.</param>
/// <param name="Threads">Threads.</param>
public sealed record MachineRecord(string Runtime, string OperatingSystem, string Architecture, string InstructionSet, int Threads);
