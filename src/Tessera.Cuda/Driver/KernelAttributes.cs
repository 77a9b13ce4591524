namespace Tessera.Cuda.Driver;

/// <summary>What the compiler made of a kernel (cuFuncGetAttribute).</summary>
/// <param name="Registers">32-bit registers of a thread.</param>
/// <param name="LocalBytes">Local memory of a thread in bytes; more than 0 means that registers spill.</param>
/// <param name="SharedBytes">Static shared memory of a block in bytes.</param>
/// <param name="MaximumThreads">Threads that a block may have.</param>
public readonly record struct KernelAttributes(int Registers, int LocalBytes, int SharedBytes, int MaximumThreads);
