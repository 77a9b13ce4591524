namespace Tessera.Cuda.Emulation;

/// <summary>What the source says of a kernel.</summary>
/// <param name="Name">Entry point.</param>
/// <param name="ParameterType">Its parameter structure.</param>
/// <param name="ParameterBytes">Size of that.</param>
/// <param name="Threads">Threads of a block.</param>
/// <param name="SharedBytes">Dynamic shared memory of a block.</param>
public sealed record EmulatedKernel(string Name, string ParameterType, int ParameterBytes, int Threads, int SharedBytes);
