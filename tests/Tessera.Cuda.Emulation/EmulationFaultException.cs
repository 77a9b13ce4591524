namespace Tessera.Cuda.Emulation;

/// <summary>The emulator stopped a kernel: an access out of bounds, a race, a deadlock. The message names block, thread and cause.</summary>
public sealed class EmulationFaultException(string message) : Exception(message);
