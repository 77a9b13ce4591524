namespace Tessera.Cuda.Kernels.Tests.Honesty;

/// <summary>One instruction that a wrapper of prims.cuh put into PTX.</summary>
/// <param name="Kernel">Entry point it stands in.</param>
/// <param name="Mnemonic">Opcode with all its modifiers.</param>
/// <param name="Operands">What follows it.</param>
internal sealed record PtxStatement(string Kernel, string Mnemonic, string Operands);
