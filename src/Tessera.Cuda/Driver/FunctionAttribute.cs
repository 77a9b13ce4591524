namespace Tessera.Cuda.Driver;

/// <summary>CUfunction_attribute: what is asked of a kernel, and the one that is set.</summary>
internal enum FunctionAttribute
{
    MaximumThreadsPerBlock = 0,
    SharedSizeBytes = 1,
    LocalSizeBytes = 3,
    Registers = 4,
    MaximumDynamicSharedSizeBytes = 8,
}
