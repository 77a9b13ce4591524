namespace Tessera.Cuda.Compilation;

/// <summary>What NVRTC made of a module.</summary>
/// <param name="Cubin">Code for one architecture.</param>
/// <param name="Log">What it printed; empty when it had nothing to say.</param>
internal sealed record CompiledKernels(byte[] Cubin, string Log);
