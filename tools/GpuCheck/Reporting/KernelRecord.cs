namespace GpuCheck.Reporting;

/// <summary>A kernel as a stage ran it: what it was made from and what the device says of it.</summary>
/// <param name="Name">Entry point.</param>
/// <param name="Hash">Identity of sources and options.</param>
/// <param name="Options">Options, or the PTX taken.</param>
/// <param name="Compiler">Version of NVRTC, or <c>ptx</c>.</param>
/// <param name="Registers">Registers of a thread.</param>
/// <param name="LocalBytes">Bytes of a thread that registers did not hold.</param>
internal sealed record KernelRecord(string Name, string Hash, string Options, string Compiler, int Registers, int LocalBytes);
