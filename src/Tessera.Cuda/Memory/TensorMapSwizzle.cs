namespace Tessera.Cuda.Memory;

/// <summary>CUtensorMapSwizzle: how rows of a box are laid out in shared memory.</summary>
internal enum TensorMapSwizzle
{
    None = 0,
    Bytes32 = 1,
    Bytes64 = 2,
    Bytes128 = 3,
}
