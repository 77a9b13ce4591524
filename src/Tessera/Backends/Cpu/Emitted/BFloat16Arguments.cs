namespace Tessera.Backends.Cpu.Emitted;

/// <summary>
/// What the emitted bfloat16 functions read through their one argument. Strides are bytes. Emitted code knows the offsets.
/// </summary>
internal unsafe struct BFloat16Arguments
{
    /// <summary>Eight rows of pairs; of the rounding, binary32.</summary>
    public float* A;

    public long AStride;

    /// <summary>Packed panel of pairs, [Steps][lanes]; of the rounding, where bfloat16 go.</summary>
    public float* B;

    /// <summary>Pairs; of the rounding, groups of 32 numbers. At least 1.</summary>
    public long Steps;

    /// <summary>Eight rows of sums.</summary>
    public float* C;

    public long CStride;

    /// <summary>Where vector registers 8 to 15 wait that Windows wants back.</summary>
    public fixed byte Preserved[8 * 64];
}
