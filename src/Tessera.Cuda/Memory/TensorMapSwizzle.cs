namespace Tessera.Cuda.Memory;

/// <summary>CUtensorMapSwizzle: how rows of a box are laid out in shared memory.</summary>
public enum TensorMapSwizzle
{
    /// <summary>Rows as they come.</summary>
    None = 0,

    /// <summary>Rows of 32 bytes: bit 4 of an address takes the exclusive or of bit 7.</summary>
    Bytes32 = 1,

    /// <summary>Rows of 64 bytes: bits 4 and 5 take that of bits 7 and 8.</summary>
    Bytes64 = 2,

    /// <summary>Rows of 128 bytes: bits 4 to 6 take that of bits 7 to 9.</summary>
    Bytes128 = 3,
}
